//! The context of `on_task`, and the job it is given. Runs in: a task worker. If the worker that asked is dead: the output is for its
//! successor.

use super::{
    handed::AsOutput,
    messages::Postbox,
    outbox::Outbox,
    signposts::signposts,
    worker::{UnnamedServer, Worker},
};
use crate::{
    error::TaskError,
    id::{TaskId, WorkerId},
    job::{Claim, Completed, Half, LARGE, Load, Loads, Outcome as End, Pool, Taken},
    layout::Memory,
    logging,
    process::Asks,
    ring::Answers,
    sync::{AtomicU32, Ordering},
};
use core::{
    cell::{Cell, RefCell},
    ops::Deref,
};
use serde_core::Serialize;
use std::rc::Rc;

/// This task worker process, as `on_task` sees it. `S` is the server's type.
pub struct TaskWorker<S: 'static = UnnamedServer> {
    /// The same process by its other name: for the callbacks that run in every worker.
    worker: &'static Worker<S>,
}

impl<S> TaskWorker<S> {
    pub(crate) fn new(worker: &'static Worker<S>) -> Self {
        Self { worker }
    }

    /// Which process this is: task workers count on behind the workers, from `workers` to `workers` + `task_workers` − 1. The original:
    /// `$serv->worker_id`.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.worker.id()
    }

    /// Which task worker this is, from 0 to `task_workers` − 1: the number that `task_to` takes.
    #[must_use]
    pub fn index(&self) -> u16 {
        self.outbox().memory().task_worker(self.id().index()).unwrap_or(0) as u16
    }

    /// The process id. The original: `$serv->worker_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.worker.pid()
    }

    /// 1 for the first process in this place, one more for each that replaced it.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.worker.generation()
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        self.worker.outbox()
    }

    pub(super) fn worker(&self) -> &'static Worker<S> {
        self.worker
    }

    pub(super) fn postbox(&self) -> Option<&'static Postbox> {
        self.worker.postbox()
    }

    pub(super) fn memory(&self) -> &'static Memory {
        self.worker.memory()
    }

    pub(super) fn asks_reload(&self) -> &'static Asks {
        self.worker.asks_reload()
    }

    pub(super) fn asks_shutdown(&self) -> &AtomicU32 {
        self.worker.asks_shutdown()
    }
}

/// A job as `on_task` receives it; it can be used as the job itself.
pub struct Task<J> {
    job: J,
    id: TaskId,
    asker: WorkerId,
    desk: Rc<Desk>,
}

impl<J> Task<J> {
    /// The number that `task` has returned. The original: the second argument of `onTask`.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The worker that has handed it over. The original: the third argument of `onTask`.
    #[must_use]
    pub fn from(&self) -> WorkerId {
        self.asker
    }

    /// The job.
    #[must_use]
    pub fn job(&self) -> &J {
        &self.job
    }

    /// The job, to take it apart.
    #[must_use]
    pub fn into_job(self) -> J {
        self.job
    }

    /// Sends the output before `on_task` is over; what `on_task` returns is then not sent. Give it what `on_task` returns: another type
    /// cannot be read by the worker. The original: `$serv->finish`.
    ///
    /// # Errors
    /// [`TaskError::Storage`] for an output so large that it goes through a file, where `task_tmpdir` does not take it;
    /// [`TaskError::Unreadable`] for one that cannot be written; then the job goes on, and may finish otherwise.
    /// [`TaskError::TimedOut`] when nobody waits for it any more, or it was sent before.
    pub fn finish<O: Serialize>(&self, output: &O) -> Result<(), TaskError> {
        self.desk.finish(self.id, output)
    }
}

impl<J> Deref for Task<J> {
    type Target = J;

    fn deref(&self) -> &J {
        &self.job
    }
}

/// The job that a task worker is at.
pub(crate) struct Desk {
    memory: &'static Memory,
    pools: Vec<Pool<'static>>,
    loads: Vec<Loads>,
    taken: Cell<Option<(TaskId, Taken)>>,
    /// Where the job lies while it is done: it may be finished, and its cell be filled anew, before `on_task` is through with it.
    input: RefCell<Vec<u8>>,
    /// The last raises of the workers that this process has answered: of those that serve, and of those that wait for a job.
    answers: RefCell<Vec<(Answers, Answers)>>,
}

/// A job before it is read.
pub struct GivenJob<'job> {
    desk: Rc<Desk>,
    id: TaskId,
    asker: WorkerId,
    input: &'job [u8],
}

impl<'job> GivenJob<'job> {
    pub(crate) fn input(&self) -> &'job [u8] {
        self.input
    }

    pub(crate) fn task<J>(&self, job: J) -> Task<J> {
        Task { job, id: self.id, asker: self.asker, desk: Rc::clone(&self.desk) }
    }

    pub(crate) fn finish<O: Serialize>(&self, output: &O) {
        // One that was finished early is finished.
        if !self.desk.is_at(self.id) {
            return;
        }
        match self.desk.finish(self.id, output) {
            Err(TaskError::Unreadable) => self.is_unreadable(),
            Err(TaskError::Storage) => {
                self.desk.end(self.id, End::Storage);
            }
            _ => {}
        }
    }

    pub(crate) fn is_unreadable(&self) {
        logging::error!("task {}: {}", self.id, TaskError::Unreadable);
        self.desk.end(self.id, End::Unreadable);
    }
}

impl Desk {
    pub(crate) fn new(memory: &'static Memory) -> Self {
        let workers = 0..memory.settings.workers;
        Self {
            memory,
            pools: workers.clone().map(|worker| memory.jobs(worker)).collect(),
            loads: workers.clone().map(|worker| memory.loads(worker)).collect(),
            taken: Cell::new(None),
            input: RefCell::new(Vec::with_capacity(memory.settings.task_cell)),
            answers: RefCell::new(workers.map(|_| (Answers::default(), Answers::default())).collect()),
        }
    }

    pub(crate) fn pools(&self) -> &[Pool<'static>] {
        &self.pools
    }

    /// Lays a job on the desk, and gives it to `call`, which finishes it or not.
    pub(crate) fn give(self: &Rc<Self>, taken: Taken, call: impl FnOnce(GivenJob<'_>)) {
        let cell = &self.pools[taken.worker].cells[taken.cell];
        // Relaxed, both: published by the move to ready.
        let (ticket, load) = (cell.ticket.load(Ordering::Relaxed), Load::of(cell.input.load(Ordering::Relaxed)));
        let id = TaskId::new(ticket);
        self.taken.set(Some((id, taken)));
        let mut input = self.input.take();
        match self.loads[taken.worker].fetch_input(&taken, load, &mut input) {
            Ok(()) => call(GivenJob { desk: Rc::clone(self), id, asker: WorkerId::new(taken.worker as u16), input: &input }),
            Err(e) => logging::error!("task {id}: the job is not where it was put: {e}"),
        }
        // What came by a file is not kept.
        input.clear();
        input.shrink_to(LARGE);
        self.input.replace(input);
        // What was called has finished it; what could not be called has not.
        self.end(id, End::Unreadable);
    }

    fn is_at(&self, id: TaskId) -> bool {
        self.taken.get().is_some_and(|(at, _)| at == id)
    }

    fn finish<O: Serialize>(&self, id: TaskId, output: &O) -> Result<(), TaskError> {
        let Some((_, taken)) = self.taken.get().filter(|(at, _)| *at == id) else { return Err(TaskError::TimedOut) };
        let load = self.loads[taken.worker].write_output(&taken, &format_args!("the output of task {id}"), &AsOutput(output))?;
        // Relaxed: the move to done publishes it.
        self.pools[taken.worker].cells[taken.cell].output.store(load.word(), Ordering::Relaxed);
        match self.end(id, End::Output) {
            Completed::Done => Ok(()),
            Completed::Unwanted | Completed::NotMine => {
                self.loads[taken.worker].overflow.give_back(Claim::of_job(taken.cell, taken.state, Half::Output), load);
                Err(TaskError::TimedOut)
            }
        }
    }

    /// The end of the job on the desk, and its worker is told.
    fn end(&self, id: TaskId, outcome: End) -> Completed {
        let Some((_, taken)) = self.taken.get().filter(|(at, _)| *at == id) else { return Completed::NotMine };
        self.taken.set(None);
        let completed = self.pools[taken.worker].complete(taken, outcome);
        if completed == Completed::Done {
            let board = self.memory.worker(taken.worker);
            let mut answers = self.answers.borrow_mut();
            let (serving, waiting) = &mut answers[taken.worker];
            if serving.owed(&board.asleep) | waiting.glance(&board.waits) {
                self.memory.bells.workers[taken.worker].ring();
            }
        }
        completed
    }
}

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

    "runs in a task worker", because "packets come to workers, and their sources stay there" {
        send_to(source, data) "`send_to` cannot be called in a task worker"
            "help: call `worker.send_to(&source, data)` in `on_packet`, or in the closure of `worker.task_with(&job, …)`"
    }
}
