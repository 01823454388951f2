//! What `on_task` and `on_finish` take, and what travels between them; for the compiler to say where a type cannot be right. Used by the
//! expansion of `#[swoole::server]` alone.

use crate::context::Task;
use serde_core::{Deserialize, Serialize, de::DeserializeOwned};

/// A parameter of `on_task` that is what the server gives.
#[diagnostic::on_unimplemented(
    message = "`on_task` takes `{Given}` here, not `{Self}`",
    label = "must be `{Given}`",
    note = "help: write `fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Output`"
)]
pub trait ParameterOfOnTask<Given> {
    /// Whether it is.
    fn is() {}
}

#[diagnostic::do_not_recommend]
impl<T> ParameterOfOnTask<T> for T {}

/// The second parameter of `on_task`.
#[diagnostic::on_unimplemented(
    message = "`on_task` takes a `Task<Job>` here, not `{Self}`",
    label = "must be a `Task<Job>`, with a type of yours for `Job`",
    note = "help: write `fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Output`"
)]
pub trait IsATask<'job> {
    /// Whether it is.
    fn is() {}
}

impl<'job, J: Job<'job>> IsATask<'job> for Task<J> {}

/// What can be handed to a task worker.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel to a task worker",
    label = "has no `Serialize`, or no `Deserialize`",
    note = "a job is written into shared memory, and read in another process",
    note = "help: `{Self}` needs `serde::Serialize` and `serde::Deserialize`; a type of yours gets both by `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Job<'job> {}

#[diagnostic::do_not_recommend]
impl<'job, J: Serialize + Deserialize<'job>> Job<'job> for J {}

/// What can come back from a task worker.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel back from a task worker",
    label = "has no `Serialize`, or no `Deserialize`",
    note = "what `on_task` returns is written into shared memory, and read in the worker that asked",
    note = "help: `{Self}` needs `serde::Serialize` and `serde::Deserialize`; a type of yours gets both by `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait OutputOfOnTask {
    /// Whether it is.
    fn is() {}
}

#[diagnostic::do_not_recommend]
impl<O: Serialize + DeserializeOwned> OutputOfOnTask for O {}

/// A parameter of `on_finish` that is what the server gives.
#[diagnostic::on_unimplemented(
    message = "`on_finish` takes `{Given}` here, not `{Self}`",
    label = "must be `{Given}`",
    note = "help: write `fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Output)`"
)]
pub trait ParameterOfOnFinish<Given> {
    /// Whether it is.
    fn is() {}
}

#[diagnostic::do_not_recommend]
impl<T> ParameterOfOnFinish<T> for T {}

/// The last parameter of `on_finish`.
#[diagnostic::on_unimplemented(
    message = "`on_finish` takes what `on_task` returns, which is `{Returned}` and not `{Self}`",
    label = "must be `{Returned}`",
    note = "help: write `fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: {Returned})`"
)]
pub trait OutputOfOnFinish<Returned> {
    /// Whether it is.
    fn is() {}
}

#[diagnostic::do_not_recommend]
impl<T> OutputOfOnFinish<T> for T {}

/// A type whose lifetimes are all written out, because the compiler asks for them where this is implemented.
pub trait ShowsItsLifetimes {}

/// Stops the compilation of a server in which all this is right.
#[track_caller]
pub const fn task_workers_are_not_there_yet() {
    panic!(
        "`on_task` is not there yet\nnote: task workers come with a later release\nhelp: remove `on_task`, `on_finish` and `task_workers`"
    );
}
