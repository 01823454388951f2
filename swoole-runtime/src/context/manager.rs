//! The context of callbacks that run in the manager.

use super::{messages::Postbox, outbox::Outbox, signposts::signposts};
use crate::{layout::Memory, process::Asks, sync::AtomicU32};

/// The manager process: it forks, watches and replaces the workers. A callback here must not start threads, since the manager forks.
pub struct Manager {
    outbox: Outbox,
    /// Where the server has an `on_pipe_message`.
    postbox: Option<&'static Postbox>,
}

impl Manager {
    pub(crate) fn new(outbox: Outbox, postbox: Option<&'static Postbox>) -> Self {
        Self { outbox, postbox }
    }

    pub(super) fn postbox(&self) -> Option<&'static Postbox> {
        self.postbox
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The process id of the manager. The original: `$serv->manager_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        std::process::id()
    }

    pub(super) fn memory(&self) -> &'static Memory {
        self.outbox.memory()
    }

    /// Where this process asks for reloads.
    pub(super) fn asks_reload(&self) -> &'static Asks {
        &self.outbox.memory().manager().asks_reload
    }

    /// Where this process asks for the shutdown.
    pub(super) fn asks_shutdown(&self) -> &'static AtomicU32 {
        &self.outbox.memory().manager().asks_shutdown
    }
}

signposts! {
    impl [] Manager, of Manager, not in calls_of_the_manager;

    "runs in the manager",
    because "callbacks that run in a worker send: `on_connect`, `on_receive`, `on_packet`, `on_close`, `on_lost`, `on_panic` and `on_worker_stop`" {
        send(fd, data) "`send` cannot be called in the manager" "help: call `worker.send(fd, data)` in `on_receive`"
        sendfile(fd, path, offset, length) "`sendfile` cannot be called in the manager"
            "help: call `worker.sendfile(fd, path, offset, length)` in `on_receive`"
        send_to(source, data) "`send_to` cannot be called in the manager" "help: call `worker.send_to(from, data)` in `on_packet`"
    }

    "runs in the manager",
    because "a timer's callback gets the state of a worker as `&mut self`, so timers belong to workers" {
        tick(period, callback) "`tick` cannot be called in the manager"
            "help: call `worker.tick(period, callback)` in `on_connect`, or have `timers = [1000]` with an `on_timer`"
        after(delay, callback) "`after` cannot be called in the manager"
            "help: call `worker.after(delay, callback)` in `on_connect`, or have `timers = [1000]` with an `on_timer`"
        clear_timer(timer) "`clear_timer` cannot be called in the manager"
            "help: call `worker.clear_timer(timer)` in the worker that has started it"
    }

    "runs in the manager", because "a worker hands over a job, and the output of `on_task` comes back to it" {
        task(job) "`task` cannot be called in the manager" "help: call `worker.task(&job)` in `on_receive` of a server with `on_task`"
        task_to(task_worker, job) "`task_to` cannot be called in the manager"
            "help: call `worker.task_to(task_worker, &job)` in `on_receive` of a server with `on_task`"
        task_with(job, then) "`task_with` cannot be called in the manager"
            "help: call `worker.task_with(&job, then)` in `on_receive` of a server with `on_task`"
        taskwait(job, timeout) "`taskwait` cannot be called in the manager"
            "help: call `worker.taskwait(&job, timeout)` in `on_receive` of a server with `on_task`"
        taskwait_multi(jobs, timeout) "`taskwait_multi` cannot be called in the manager"
            "help: call `worker.taskwait_multi(&jobs, timeout)` in `on_receive` of a server with `on_task`"
    }

    "runs in the manager", because "what `on_task` returns travels back to the worker that handed over the job" {
        finish(output) "`finish` cannot be called in the manager" "help: let `on_task` return the output"
    }

    "runs in the manager", because "how a session is treated is said by those who serve sessions" {
        bind(fd, uid) "`bind` cannot be called in the manager" "help: call `worker.bind(fd, uid)` in `on_receive`"
        pause(fd) "`pause` cannot be called in the manager" "help: call `worker.pause(fd)` in `on_receive`"
        resume(fd) "`resume` cannot be called in the manager" "help: call `worker.resume(fd)` in `on_receive`"
        protect(fd, on) "`protect` cannot be called in the manager" "help: call `worker.protect(fd, true)` in `on_receive`"
        heartbeat(close) "`heartbeat` cannot be called in the manager" "help: call `worker.heartbeat(true)` in `on_receive`"
    }
}
