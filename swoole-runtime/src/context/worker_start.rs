//! The context of `on_worker_start`.

use super::{messages::Postbox, packets::PacketSockets, signposts::signposts};
use crate::{
    error::PageTooLarge,
    id::{SessionId, WorkerId},
    layout::Memory,
    process::Claim,
    settings::{Resolved, SettingsInForce},
};
use std::sync::OnceLock;

/// The worker process that is being started: where its state is built.
pub struct WorkerStart {
    slot: WorkerId,
    claim: Claim,
    is_task_worker: bool,
    /// Where the server has an `on_pipe_message`.
    postbox: Option<&'static Postbox>,
    /// Made by the first who asks, so that a server without any has none of it.
    packets: OnceLock<PacketSockets>,
    memory: &'static Memory,
}

impl WorkerStart {
    pub(crate) fn new(slot: WorkerId, claim: Claim, memory: &'static Memory, postbox: Option<&'static Postbox>) -> Self {
        let is_task_worker = slot.index() >= memory.settings.workers;
        Self { slot, claim, is_task_worker, postbox, packets: OnceLock::new(), memory }
    }

    pub(super) fn resolved(&self) -> &'static Resolved {
        &self.memory.settings
    }

    pub(super) fn memory(&self) -> &'static Memory {
        self.memory
    }

    pub(super) fn packets(&self) -> &PacketSockets {
        self.packets.get_or_init(|| PacketSockets::of(self.memory))
    }

    pub(super) fn postbox(&self) -> Option<&'static Postbox> {
        self.postbox
    }

    /// Which worker this is, from 0 to `workers` − 1. The original: the second argument of `onWorkerStart`.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.slot
    }

    /// Whether it is a task worker, which runs `on_task` and no callback of sessions. The original: `$serv->taskworker`.
    #[must_use]
    pub fn is_task_worker(&self) -> bool {
        self.is_task_worker
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.claim.pid.unwrap_or(0)
    }

    /// 1 for the first process in this worker's place, one more for each that replaced it.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.claim.generation
    }

    /// What the server runs with. The original: `$serv->setting`.
    #[must_use]
    pub fn settings(&self) -> &'static SettingsInForce {
        &self.memory.settings.in_force
    }

    /// The table `[app]` of the settings file (`--config`), which is the program's own, as a value of any type that `serde` can read. The
    /// file was read once, before the first fork: every worker of a server gets the same.
    ///
    /// Where there is no file, or no `[app]` in it, the value is made of an empty table: every field needs a default then, as
    /// `#[serde(default)]` gives it. To find faults before anything is forked, tell the
    /// [builder](crate::boot::Builder::app) of the type.
    ///
    /// ```
    /// # use swoole_runtime as swoole;
    /// #[derive(serde::Deserialize)]
    /// #[serde(deny_unknown_fields)]
    /// struct Shop {
    ///     database: String,
    ///     #[serde(default)]
    ///     retries: u32,
    /// }
    ///
    /// # use swoole_runtime::context::WorkerStart;
    /// fn on_worker_start(worker: &WorkerStart) -> swoole::Result<Shop> {
    ///     worker.app()
    /// }
    /// ```
    ///
    /// # Errors
    /// When the table is not such a value: the error names file, line and field.
    #[cfg(feature = "cli")]
    pub fn app<T: serde_core::de::DeserializeOwned>(&self) -> crate::error::Result<T> {
        self.memory.settings.app.value().map_err(|why| crate::error::Error::start(why, ""))
    }
}

signposts! {
    impl [] WorkerStart, of WorkerStart, not in calls_of_worker_start;

    "runs before the worker is ready", because "a worker that is being started serves no sessions yet" {
        send(fd, data) "`send` cannot be called in `on_worker_start`" "help: call `worker.send(fd, data)` in `on_receive`"
        sendfile(fd, path, offset, length) "`sendfile` cannot be called in `on_worker_start`"
            "help: call `worker.sendfile(fd, path, offset, length)` in `on_receive`"
        send_to(source, data) "`send_to` cannot be called in `on_worker_start`" "help: call `worker.send_to(source, data)` in `on_packet`"
    }

    "runs before the worker is ready", because "a worker that is being started serves no sessions yet" {
        close(fd) "`close` cannot be called in `on_worker_start`" "help: call `worker.close(fd)` in `on_receive`"
        close_now(fd) "`close_now` cannot be called in `on_worker_start`" "help: call `worker.close_now(fd)` in `on_receive`"
        exist(fd) "`exist` cannot be called in `on_worker_start`" "help: call `worker.exist(fd)` in `on_receive`"
        connection_info(fd) "`connection_info` cannot be called in `on_worker_start`"
            "help: call `worker.connection_info(fd)` in `on_receive`"
        connection_list(start, page) -> Result<Vec<SessionId>, PageTooLarge>, "`connection_list` cannot be called in `on_worker_start`"
            "help: call `worker.connection_list(start, page)` in `on_receive`"
        sessions() "`sessions` cannot be called in `on_worker_start`" "help: call `worker.sessions()` in `on_receive`"
    }

    "runs before the worker is ready", because "a worker that is being started knows only itself" {
        stats() "`stats` cannot be called in `on_worker_start`" "help: call `worker.stats()` in `on_connect`"
    }

    "runs before the worker is ready", because "a worker that cannot start says so by its result" {
        shutdown() "`shutdown` cannot be called in `on_worker_start`"
            "help: write `fn on_worker_start(worker: &WorkerStart) -> Result<Self, E>`, and return an error"
    }

    "runs before the worker is ready",
    because "a timer's callback gets the state of a worker as `&mut self`, which is only being built here" {
        tick(period, callback) "`tick` cannot be called in `on_worker_start`"
            "help: have `timers = [1000]` with an `on_timer`, or call `worker.tick(period, callback)` in `on_connect`"
        after(delay, callback) "`after` cannot be called in `on_worker_start`"
            "help: have `timers = [1000]` with an `on_timer`, or call `worker.after(delay, callback)` in `on_connect`"
        clear_timer(timer) "`clear_timer` cannot be called in `on_worker_start`"
            "help: call `worker.clear_timer(timer)` where it runs"
    }

    "runs before the worker is ready", because "a worker hands over a job, and the output of `on_task` comes back to it" {
        task(job) "`task` cannot be called in `on_worker_start`" "help: call `worker.task(&job)` in `on_receive` of a server with `on_task`"
        task_to(task_worker, job) "`task_to` cannot be called in `on_worker_start`"
            "help: call `worker.task_to(task_worker, &job)` in `on_receive` of a server with `on_task`"
        task_with(job, then) "`task_with` cannot be called in `on_worker_start`"
            "help: call `worker.task_with(&job, then)` in `on_receive` of a server with `on_task`"
        taskwait(job, timeout) "`taskwait` cannot be called in `on_worker_start`"
            "help: call `worker.taskwait(&job, timeout)` in `on_receive` of a server with `on_task`"
        taskwait_multi(jobs, timeout) "`taskwait_multi` cannot be called in `on_worker_start`"
            "help: call `worker.taskwait_multi(&jobs, timeout)` in `on_receive` of a server with `on_task`"
    }

    "runs before the worker is ready", because "what `on_task` returns travels back to the worker that handed over the job" {
        finish(output) "`finish` cannot be called in `on_worker_start`" "help: let `on_task` return the output"
    }

    "runs before the worker is ready", because "how a session is treated is said by those who serve sessions" {
        bind(fd, uid) "`bind` cannot be called in `on_worker_start`" "help: call `worker.bind(fd, uid)` in `on_receive`"
        pause(fd) "`pause` cannot be called in `on_worker_start`" "help: call `worker.pause(fd)` in `on_receive`"
        resume(fd) "`resume` cannot be called in `on_worker_start`" "help: call `worker.resume(fd)` in `on_receive`"
        protect(fd, on) "`protect` cannot be called in `on_worker_start`" "help: call `worker.protect(fd, true)` in `on_receive`"
        heartbeat(close) "`heartbeat` cannot be called in `on_worker_start`" "help: call `worker.heartbeat(true)` in `on_receive`"
    }

    "runs before the worker is ready", because "a reload that its own worker asks for as it begins would never end" {
        reload() "`reload` cannot be called in `on_worker_start`" "help: call `worker.reload()` in `on_receive`"
        reload_tasks() "`reload_tasks` cannot be called in `on_worker_start`" "help: call `worker.reload_tasks()` in `on_receive`"
        stop(worker) "`stop` cannot be called in `on_worker_start`"
            "help: write `fn on_worker_start(worker: &WorkerStart) -> Result<Self, E>`, and return an error"
    }

    "runs before the worker is ready", because "a worker that is being started knows only itself" {
        worker_status(worker) "`worker_status` cannot be called in `on_worker_start`"
            "help: call `worker.worker_status(other)` in `on_receive`"
    }
}
