//! Names that later releases give something to do. They resolve, and nothing makes a value of them yet.

use super::{outbox::Outbox, signposts::signposts, worker::UnnamedServer};
use crate::{id::WorkerId, sync::AtomicU32};
use core::{convert::Infallible, marker::PhantomData};

/// The context of `on_task`. Task workers are not there yet.
pub struct TaskWorker<S: 'static = UnnamedServer> {
    never: Infallible,
    server: PhantomData<fn(S)>,
}

impl<S> TaskWorker<S> {
    /// Which task worker this is, from 0 to `task_workers` − 1.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        match self.never {}
    }

    /// The process id. The original: `$serv->worker_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        match self.never {}
    }

    pub(super) fn outbox(&self) -> &Outbox {
        match self.never {}
    }

    pub(super) fn asks_shutdown(&self) -> &AtomicU32 {
        match self.never {}
    }
}

/// A job as `on_task` receives it. Task workers are not there yet.
pub struct Task<T>(#[allow(dead_code, reason = "nothing makes one yet")] PhantomData<T>);

/// Where a datagram came from. Datagram listeners are not there yet.
pub struct PacketSource(#[allow(dead_code, reason = "nothing makes one yet")] ());

signposts! {
    impl [S] TaskWorker<S>, of TaskWorker, not in calls_of_a_task_worker;

    "runs in a task worker", because "a task worker runs jobs and hands on none; workers hand them over" {
        task(job) "`task` cannot be called in a task worker" "help: call `worker.task(&job)` in `on_receive`, or do the work right here"
        task_to(task_worker, job) "`task_to` cannot be called in a task worker"
            "help: call `worker.task_to(task_worker, &job)` in `on_receive`, or do the work right here"
        task_with(job, then) "`task_with` cannot be called in a task worker"
            "help: call `worker.task_with(&job, then)` in `on_receive`, or do the work right here"
        taskwait(job, timeout) "`taskwait` cannot be called in a task worker"
            "help: call `worker.taskwait(&job, timeout)` in `on_receive`, or do the work right here"
        taskwait_multi(jobs, timeout) "`taskwait_multi` cannot be called in a task worker"
            "help: call `worker.taskwait_multi(&jobs, timeout)` in `on_receive`, or do the work right here"
    }

    "runs in a task worker", because "what `on_task` returns travels back to the worker that handed over the job" {
        finish(output) "`finish` cannot be called in a task worker" "help: let `on_task` return the output"
    }

    "runs in a task worker", because "a timer's callback gets the state of a worker as `&mut self`, and this release has no timers yet" {
        tick(period, callback) "`tick` cannot be called in a task worker"
            "help: remove this call; `worker.tick(period, callback)` comes with a later release"
        after(delay, callback) "`after` cannot be called in a task worker"
            "help: remove this call; `worker.after(delay, callback)` comes with a later release"
        clear_timer(timer) "`clear_timer` cannot be called in a task worker"
            "help: remove this call; `worker.clear_timer(timer)` comes with a later release"
    }
}
