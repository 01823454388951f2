//! The context of callbacks that run in a worker.

use super::{jobs::Jobs, messages::Postbox, outbox::Outbox, signposts::signposts};
use crate::{
    id::WorkerId,
    layout::Memory,
    process::{Asks, Claim},
    sync::AtomicU32,
};

/// Stands where a server should have been named: `Worker` for `Worker<Self>`.
#[doc(hidden)]
pub enum UnnamedServer {}

/// This worker process, as its callbacks see it. `S` is the server's type.
///
/// Calls that name a session answer [`SendError::NoSuchSession`](crate::SendError::NoSuchSession) or
/// [`SendError::Closed`](crate::SendError::Closed) when it is gone; nothing is lost by that, and the worker goes on.
pub struct Worker<S: 'static = UnnamedServer> {
    outbox: Outbox,
    slot: WorkerId,
    claim: Claim,
    /// Where there are task workers.
    pub(super) jobs: Option<&'static Jobs<S>>,
    /// Where the server has an `on_pipe_message`.
    postbox: Option<&'static Postbox>,
}

impl<S> Worker<S> {
    pub(crate) fn new(
        outbox: Outbox,
        slot: WorkerId,
        claim: Claim,
        jobs: Option<&'static Jobs<S>>,
        postbox: Option<&'static Postbox>,
    ) -> Self {
        Self { outbox, slot, claim, jobs, postbox }
    }

    pub(super) fn postbox(&self) -> Option<&'static Postbox> {
        self.postbox
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The jobs that it has handed on, where there are task workers.
    pub(crate) fn handed(&self) -> Option<&'static Jobs<S>> {
        self.jobs
    }

    /// Which worker this is, from 0 to `workers` − 1. The original: `$serv->worker_id`.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.slot
    }

    /// The process id. The original: `$serv->worker_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.claim.pid.unwrap_or(0)
    }

    /// 1 for the first process in this worker's place, one more for each that replaced it.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.claim.generation
    }

    pub(super) fn memory(&self) -> &'static Memory {
        self.outbox.memory()
    }

    /// Where this process asks for reloads.
    pub(super) fn asks_reload(&self) -> &'static Asks {
        &self.outbox.memory().worker(self.slot.index()).asks_reload
    }

    /// Where this process asks for the shutdown.
    pub(super) fn asks_shutdown(&self) -> &'static AtomicU32 {
        &self.outbox.memory().worker(self.slot.index()).asks_shutdown
    }
}

signposts! {
    impl [S] Worker<S>, of Worker, not in calls_of_a_worker;

    "runs in a worker",
    because "`finish` belongs to a task worker: what `on_task` returns travels back to the worker that handed over the job" {
        finish(output) "`finish` cannot be called in a worker"
            "help: call `worker.send(fd, data)` to answer a client, or let `on_task` return the output"
    }

    "not in this release", because "timers come with a later release; until then a callback runs when a client does something" {
        tick(period, callback) "`tick` is not there yet" "help: remove this call"
        after(delay, callback) "`after` is not there yet" "help: remove this call"
        clear_timer(timer) "`clear_timer` is not there yet" "help: remove this call"
    }

    "not in this release", because "a worker of this release sends bytes to sessions" {
        sendfile(fd, path) "`sendfile` is not there yet"
            "help: read the file, and call `worker.send(fd, &bytes)`, with at most 2 MiB a call"
    }

    "not in this release", because "what this release can do with a session is `send`, `close`, `close_now` and `connection_info`" {
        bind(fd, uid) "`bind` is not there yet" "help: keep it in the state, in a `HashMap<SessionId, _>`"
        pause(fd) "`pause` is not there yet" "help: remove this call"
        resume(fd) "`resume` is not there yet" "help: remove this call"
        protect(fd, on) "`protect` is not there yet" "help: remove this call: only your own code closes an idle session"
        heartbeat(close) "`heartbeat` is not there yet"
            "help: go through `worker.sessions()`, and call `worker.close(fd)` where `last_received` is too long ago"
    }
}
