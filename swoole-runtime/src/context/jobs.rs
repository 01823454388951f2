//! The calls by which a worker hands on a job. Only a worker of a server with task workers has them, and no server has yet.

use super::worker::UnnamedServer;
use crate::error::Error;
use core::{convert::Infallible, fmt};

/// A server with `on_task`: the expansion of `#[swoole::server]` implements it for one. What such a server calls is known to the
/// compiler, so a program with tasks is told once that they are not there yet; the constant keeps it from being built.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no task workers",
    label = "has nobody to hand a job to",
    note = "a job goes to a task worker, where `on_task` runs it",
    note = "help: add `task_workers = 1` to the attribute, and \
            `fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Output` and \
            `fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Output)` to the block"
)]
pub trait RunsTasks: 'static {
    /// What `on_task` returns.
    type Output;
    /// Where the types of both ends of a job are compared.
    const TYPES: ();
    /// Is computed where one of the calls is compiled, which therefore never is.
    const NOT_THERE_YET: Infallible = panic!("task workers are not there yet");
}

/// That its callback has another fault is said there.
#[diagnostic::do_not_recommend]
impl RunsTasks for UnnamedServer {
    type Output = UnnamedServer;
    const TYPES: () = ();
}

/// Why a job was not handed on, or brought nothing back. Nothing makes one yet.
#[doc(hidden)]
#[derive(Debug)]
pub struct TaskError(Infallible);

impl fmt::Display for TaskError {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

impl std::error::Error for TaskError {}

impl From<TaskError> for Error {
    fn from(e: TaskError) -> Self {
        match e.0 {}
    }
}
