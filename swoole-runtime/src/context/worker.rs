//! The context of callbacks that run in a worker.

use super::{jobs::Jobs, messages::Postbox, outbox::Outbox, signposts::signposts, timers::TimerQueue};
use crate::{
    error::Failure,
    id::WorkerId,
    layout::Memory,
    process::{Asks, Claim, WorkerBoard},
    sync::AtomicU32,
    sys::clock,
};
use core::{cell::Cell, time::Duration};

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
    /// Once it has started one.
    pub(super) timers: Cell<Option<&'static TimerQueue<S>>>,
}

impl<S> Worker<S> {
    pub(crate) fn new(
        outbox: Outbox,
        slot: WorkerId,
        claim: Claim,
        jobs: Option<&'static Jobs<S>>,
        postbox: Option<&'static Postbox>,
    ) -> Self {
        Self { outbox, slot, claim, jobs, postbox, timers: Cell::new(None) }
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

    /// Runs some of the timers that are due; `false` when none was.
    pub(crate) fn run_due(&'static self, state: &mut S, settle: &mut dyn FnMut(Result<(), Failure>)) -> bool {
        let Some(queue) = self.timers.get() else { return false };
        let next_us = queue.next_us.get();
        let is_any_due = next_us != u64::MAX && next_us <= clock::uptime_us();
        if is_any_due {
            // By a pointer that came with the first timer: a server that starts none has no code for it.
            (queue.run)(queue, state, self, settle);
        }
        is_any_due
    }

    /// Whether a timer is due, as finely as the kernel's tick: to be asked between two callbacks.
    pub(crate) fn is_any_due(&self) -> bool {
        self.timers.get().is_some_and(|queue| queue.next_us.get() / 1000 < clock::uptime_ms())
    }

    /// How long it is until the next timer is due; `None` where there is none.
    pub(crate) fn until_due(&self) -> Option<Duration> {
        let next_us = self.timers.get()?.next_us.get();
        (next_us != u64::MAX).then(|| Duration::from_micros(next_us.saturating_sub(clock::uptime_us())))
    }

    /// Drops what will not be due any more.
    pub(crate) fn drop_pending(&self) {
        if let Some(queue) = self.timers.get() {
            (queue.clear)(queue);
        }
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

    pub(super) fn board(&self) -> &'static WorkerBoard {
        self.memory().worker(self.slot.index())
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
}
