//! What travels between `on_task` and its worker, by types: the traits say in words where a type cannot be right, and how it is written
//! into a cell and read again. Used by the expansion of `#[swoole::server]`.

use super::Outcome;
use crate::{
    context::{FinishedJob, GivenJob, HandedAs, OutputOfOnTask, RunsTasks, Task, UnnamedServer},
    error::TaskError,
};
use core::marker::PhantomData;
use serde_core::{Deserialize, Serialize};

/// The second parameter of `on_task`.
#[diagnostic::on_unimplemented(
    message = "`on_task` takes a `Task<Job>` here, not `{Self}`",
    label = "must be a `Task<Job>`, with a type of yours for `Job`",
    note = "help: write `fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Output`"
)]
pub trait IsATask<'job>: Sized {
    /// The job that was written so, unless it was of another type.
    fn read(given: &GivenJob<'job>) -> Option<Self>;
}

impl<'job, J: Job<'job>> IsATask<'job> for Task<J> {
    fn read(given: &GivenJob<'job>) -> Option<Self> {
        J::read(given.input()).map(|job| given.task(job))
    }
}

/// What can be handed to a task worker.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel to a task worker",
    label = "has no `Serialize`, or no `Deserialize`",
    note = "a job is written into shared memory, and read in another process",
    note = "help: `{Self}` needs `serde::Serialize` and `serde::Deserialize`; a type of yours gets both by `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait Job<'job>: Sized {
    /// The job that was written so, unless it was of another type.
    fn read(bytes: &'job [u8]) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<'job, J: Serialize + Deserialize<'job>> Job<'job> for J {
    fn read(bytes: &'job [u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// The last parameter of `on_finish`.
#[diagnostic::on_unimplemented(
    message = "`on_finish` takes what `on_task` returns, which is `{Returned}` and not `{Self}`",
    label = "must be `{Returned}`",
    note = "help: write `fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: {Returned})`"
)]
pub trait OutputOfOnFinish<Returned> {
    /// What came back, which is what the callback takes.
    fn given(given: Returned) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T> OutputOfOnFinish<T> for T {
    #[inline(always)]
    fn given(given: T) -> T {
        given
    }
}

/// In a task worker: reads the job, calls `on_task`, and gives back what it returns.
pub fn run_task<'job, T>(given: GivenJob<'job>, read: fn(&GivenJob<'job>) -> Option<T>, call: impl FnOnce(T, &GivenJob<'job>)) {
    match read(&given) {
        Some(task) => call(task, &given),
        None => given.is_unreadable(),
    }
}

/// In a worker: reads what `on_task` has returned, and calls `on_finish`.
///
/// # Errors
/// What `on_finish` returns as its error, or that the output is of another type.
pub fn run_finish<O>(
    finished: &FinishedJob<'_>,
    read: fn(&[u8]) -> Option<O>,
    instead: fn(TaskError) -> Option<O>,
    call: impl FnOnce(O) -> Outcome,
) -> Outcome {
    call(finished.output(read, instead)?)
}

/// What `on_finish` is given for a job that has brought no output: where `on_task` returns a `Result` whose error a [`TaskError`] can be
/// turned into, that error, and otherwise nothing.
pub struct OutputInstead<O>(PhantomData<fn() -> O>);

impl<O> OutputInstead<O> {
    /// For outputs of this type.
    #[must_use]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<O> Default for OutputInstead<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E: From<TaskError>> OutputInstead<Result<T, E>> {
    /// The error as an output. A method of the type itself, which the compiler prefers to one of a trait, where there is one.
    #[must_use]
    pub fn of(self, why: TaskError) -> Option<Result<T, E>> {
        Some(Err(why.into()))
    }
}

/// For all other types.
pub trait NoOutputInstead<O>: Sized {
    /// Nothing: the log says it.
    fn of(self, _why: TaskError) -> Option<O> {
        None
    }
}

impl<O> NoOutputInstead<O> for OutputInstead<O> {}

/// Stands for the job and the output of an `on_task` that has a fault the compiler reports; no value of it is ever made.
pub enum AnyJob {}

impl OutputOfOnTask for AnyJob {
    fn finish(self, _done: &GivenJob<'_>) {}

    fn read(_bytes: &[u8]) -> Option<Self> {
        None
    }
}

/// That its callback has another fault is said there: whatever is handed over is right.
#[diagnostic::do_not_recommend]
impl RunsTasks for UnnamedServer {
    type Task<'job> = AnyJob;
    type Output = AnyJob;
}

#[diagnostic::do_not_recommend]
impl<P: ?Sized> HandedAs<AnyJob> for P {
    fn write_as_job(&self, _space: &mut [u8]) -> Option<usize> {
        None
    }

    fn to_job(&self) -> Option<Vec<u8>> {
        None
    }
}
