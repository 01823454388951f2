//! The context of `on_start` and `on_shutdown`.

use super::{signposts::signposts, stats::Stats};
use crate::{error::PageTooLarge, id::SessionId, layout::Memory, process::Asks, settings::SettingsInForce, sync::Ordering};
use core::net::SocketAddr;

/// The master process: it holds the sockets and is trusted, so little can be done here. It sends nothing and has no sessions of its own.
pub struct Master {
    memory: &'static Memory,
    addresses: Vec<SocketAddr>,
}

impl Master {
    pub(crate) fn new(memory: &'static Memory, addresses: Vec<SocketAddr>) -> Self {
        Self { memory, addresses }
    }

    /// The process id of the master, which the server is known by. The original: `$serv->master_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        // Relaxed: set before anybody could ask.
        self.memory.header().master_pid.load(Ordering::Relaxed)
    }

    /// The addresses the server listens on, with the ports it really has; those of unix sockets, which have none, are not among them.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The server's counters. The original: `$serv->stats`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::read(self.memory)
    }

    /// What the server runs with. The original: `$serv->setting`.
    #[must_use]
    pub fn settings(&self) -> &'static SettingsInForce {
        &self.memory.settings.in_force
    }

    pub(super) fn memory(&self) -> &'static Memory {
        self.memory
    }

    /// Where this process asks for reloads.
    pub(super) fn asks_reload(&self) -> &'static Asks {
        &self.memory.header().asks_reload
    }

    /// Shuts the server down in an orderly way. The original: `$serv->shutdown`.
    pub fn shutdown(&self) {
        // Relaxed: the bell that follows is a system call.
        self.memory.header().asks_shutdown.store(1, Ordering::Relaxed);
        self.memory.bells.master.ring();
    }
}

signposts! {
    impl [] Master, of Master, not in calls_of_the_master;

    "runs in the master",
    because "callbacks that run in a worker send: `on_connect`, `on_receive`, `on_packet`, `on_close`, `on_lost`, `on_panic` and `on_worker_stop`" {
        send(fd, data) "`send` cannot be called in the master" "help: call `worker.send(fd, data)` in `on_receive`"
        sendfile(fd, path, offset, length) "`sendfile` cannot be called in the master"
            "help: call `worker.sendfile(fd, path, offset, length)` in `on_receive`"
        send_to(source, data) "`send_to` cannot be called in the master" "help: call `worker.send_to(from, data)` in `on_packet`"
    }

    "runs in the master", because "sessions are closed by callbacks that run in a worker, and by those of the manager" {
        close(fd) "`close` cannot be called in the master" "help: call `worker.close(fd)` in `on_receive`"
        close_now(fd) "`close_now` cannot be called in the master" "help: call `worker.close_now(fd)` in `on_receive`"
    }

    "runs in the master", because "the master counts sessions, in `master.stats()`; workers and the manager know each of them" {
        exist(fd) "`exist` cannot be called in the master" "help: call `worker.exist(fd)` in `on_receive`"
        connection_info(fd) "`connection_info` cannot be called in the master" "help: call `worker.connection_info(fd)` in `on_receive`"
        connection_list(start, page) -> Result<Vec<SessionId>, PageTooLarge>, "`connection_list` cannot be called in the master"
            "help: call `worker.connection_list(start, page)` in `on_receive`"
        sessions() "`sessions` cannot be called in the master" "help: call `worker.sessions()` in `on_receive`"
    }

    "runs in the master",
    because "a timer's callback gets the state of a worker as `&mut self`, so timers belong to workers" {
        tick(period, callback) "`tick` cannot be called in the master"
            "help: call `worker.tick(period, callback)` in `on_connect`, or have `timers = [1000]` with an `on_timer`"
        after(delay, callback) "`after` cannot be called in the master"
            "help: call `worker.after(delay, callback)` in `on_connect`, or have `timers = [1000]` with an `on_timer`"
        clear_timer(timer) "`clear_timer` cannot be called in the master"
            "help: call `worker.clear_timer(timer)` in the worker that has started it"
    }

    "runs in the master", because "a worker hands over a job, and the output of `on_task` comes back to it" {
        task(job) "`task` cannot be called in the master" "help: call `worker.task(&job)` in `on_receive` of a server with `on_task`"
        task_to(task_worker, job) "`task_to` cannot be called in the master"
            "help: call `worker.task_to(task_worker, &job)` in `on_receive` of a server with `on_task`"
        task_with(job, then) "`task_with` cannot be called in the master"
            "help: call `worker.task_with(&job, then)` in `on_receive` of a server with `on_task`"
        taskwait(job, timeout) "`taskwait` cannot be called in the master"
            "help: call `worker.taskwait(&job, timeout)` in `on_receive` of a server with `on_task`"
        taskwait_multi(jobs, timeout) "`taskwait_multi` cannot be called in the master"
            "help: call `worker.taskwait_multi(&jobs, timeout)` in `on_receive` of a server with `on_task`"
    }

    "runs in the master", because "what `on_task` returns travels back to the worker that handed over the job" {
        finish(output) "`finish` cannot be called in the master" "help: let `on_task` return the output"
    }

    "runs in the master", because "workers, task workers and the manager send messages; the master moves bytes of clients, and nothing else" {
        send_message(to, message) "`send_message` cannot be called in the master"
            "help: call `manager.send_message::<Self>(to, &message)` in `on_manager_start`, or `worker.send_message(to, &message)` in `on_receive`"
    }

    "runs in the master", because "how a session is treated is said by those who serve sessions" {
        bind(fd, uid) "`bind` cannot be called in the master" "help: call `worker.bind(fd, uid)` in `on_receive`"
        pause(fd) "`pause` cannot be called in the master" "help: call `worker.pause(fd)` in `on_receive`"
        resume(fd) "`resume` cannot be called in the master" "help: call `worker.resume(fd)` in `on_receive`"
        protect(fd, on) "`protect` cannot be called in the master" "help: call `worker.protect(fd, true)` in `on_receive`"
        heartbeat(close) "`heartbeat` cannot be called in the master" "help: call `worker.heartbeat(true)` in `on_receive`"
    }

    "runs in the master", because "the manager replaces workers; it, workers and task workers can ask for that of one of them" {
        stop(worker) "`stop` cannot be called in the master"
            "help: call `manager.stop(worker)` in `on_manager_start`, or `master.shutdown()` to end the server"
    }
}
