//! The calls by which a worker hands on jobs, and what becomes of those. Runs in: a worker. If the task worker dies: the manager
//! completes the job, and this side sees the end of it as any other.

use super::{
    handed::{AsJob, HandedAs, OutputOfOnTask},
    worker::Worker,
};
use crate::{
    error::{CallbackReturn, Failure, TaskError},
    event::Callback,
    id::TaskId,
    job::{Claim, Half, JobCell, Kind, LARGE, Load, Loads, Offer, Outcome as End, Phase, Pool, State, Withdrawn, Written},
    layout::Memory,
    logging,
    ring::Answers,
    sync::{Ordering, fence},
    sys::{clock, wake::Patience},
};
use core::{
    cell::{Cell, RefCell},
    marker::PhantomData,
    time::Duration,
};
use std::{borrow::Cow, time::Instant};

/// A server with `on_task`: the expansion of `#[swoole::server]` implements it for one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no task workers",
    label = "has nobody to hand a job to",
    note = "a job goes to a task worker, where `on_task` runs it",
    note = "help: add `task_workers = 1` to the attribute, and \
            `fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Output` and \
            `fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Output)` to the block"
)]
pub trait RunsTasks: 'static {
    /// What `on_task` takes, as it borrows from where it was written.
    type Task<'job>;
    /// What `on_task` returns.
    type Output;

    /// What a job that brought no output has for one, if it has any: the error of a `Result`.
    #[must_use]
    fn instead(_why: TaskError) -> Option<Self::Output> {
        None
    }
}

/// What a `task_with` has left to do.
type Then<S> = Box<dyn FnOnce(&mut S, &Worker<S>, &FinishedJob<'_>) -> Result<(), Failure>>;

/// The jobs of one worker.
pub(crate) struct Jobs<S: 'static> {
    memory: &'static Memory,
    worker: usize,
    pool: Pool<'static>,
    loads: Loads,
    /// Where the next free cell is looked for first, and the next task worker.
    next: Cell<usize>,
    turn: Cell<usize>,
    /// The last raises of the task workers that this worker has answered.
    answers: RefCell<Vec<Answers>>,
    /// Where an output lies while `on_finish` reads it: its cell may be free by then.
    output: RefCell<Vec<u8>>,
    /// Whether a job keeps its cell while `on_finish` runs, or `on_lost`.
    is_finishing: Cell<bool>,
    /// For calls that wait.
    patience: Patience,
    /// A closure for each cell.
    thens: RefCell<Vec<Option<Then<S>>>>,
}

/// A job that is under way.
#[derive(Clone, Copy)]
struct Handed {
    cell: usize,
    sequence: u32,
    id: TaskId,
}

/// A job that is done, as `on_finish` and closures are given it.
pub struct FinishedJob<'a> {
    id: TaskId,
    output: Result<Cow<'a, [u8]>, TaskError>,
}

impl FinishedJob<'_> {
    /// What was written for it, or what its type has instead.
    pub(crate) fn output<O>(&self, read: fn(&[u8]) -> Option<O>, instead: fn(TaskError) -> Option<O>) -> Result<O, Failure> {
        let output = self.output.as_ref().map_err(|why| *why).and_then(|bytes| read(bytes).ok_or(TaskError::Unreadable));
        output.or_else(|why| instead(why).ok_or_else(|| Failure(format!("task {}: {why}", self.id))))
    }
}

impl<S> Jobs<S> {
    /// [worker] For as long as the process lives; `None` in a task worker.
    pub(crate) fn attach(memory: &'static Memory, worker: usize) -> Option<&'static Self> {
        let task_workers = memory.settings.task_workers;
        (task_workers > 0 && worker < memory.settings.workers).then(|| {
            let pool = memory.jobs(worker);
            let jobs = Self {
                memory,
                worker,
                pool,
                loads: memory.loads(worker),
                next: Cell::new(0),
                turn: Cell::new(worker),
                answers: RefCell::new((0..task_workers).map(|_| Answers::default()).collect()),
                output: RefCell::new(Vec::with_capacity(memory.settings.task_cell)),
                is_finishing: Cell::new(false),
                patience: Patience::new(),
                thens: RefCell::new(pool.cells.iter().map(|_| None).collect()),
            };
            &*Box::leak(Box::new(jobs))
        })
    }

    /// Whether anything has come back, or may yet.
    pub(crate) fn are_done(&self) -> bool {
        self.pool.done.is_any()
    }

    /// Whether jobs are still under way whose output is for this worker.
    pub(crate) fn are_under_way(&self) -> bool {
        self.pool.cells.iter().any(|cell| matches!(cell.state().phase, Phase::Ready | Phase::Taken | Phase::Done))
    }

    /// Whether closures of this process wait for jobs.
    pub(crate) fn has_closures(&self) -> bool {
        self.thens.borrow().iter().any(Option::is_some)
    }

    fn hand_over(&self, kind: Kind, to: Option<u16>, job: &dyn Written) -> Result<Handed, TaskError> {
        let only = match to {
            Some(to) if usize::from(to) >= self.memory.settings.task_workers => return Err(TaskError::NoSuchTaskWorker),
            None if self.memory.settings.is_task_dispatch_in_turn => Some(self.in_turn()),
            to => to,
        };
        let cell = self.pool.free(self.next.get()).ok_or(TaskError::QueueFull)?;
        // The spare one is for who is in `on_finish`.
        if self.memory.settings.has_on_lost && !self.is_finishing.get() && self.pool.free(cell + 1) == Some(cell) {
            return Err(TaskError::QueueFull);
        }
        self.next.set(cell + 1);
        // Relaxed: a number that nobody else has.
        let ticket = self.memory.ticket().fetch_add(1, Ordering::Relaxed) + 1;
        let load = self.loads.write_input(&self.pool, cell, &format_args!("task {ticket}"), job)?;
        let offer = Offer { cell, kind, ticket, input: load.word(), only, now_ms: clock::uptime_ms() };
        let ready = self.pool.offer(offer);
        // Relaxed: a count for people, which this process alone writes.
        self.memory.worker(self.worker).jobs.fetch_add(1, Ordering::Relaxed);
        self.wake(only);
        Ok(Handed { cell, sequence: ready.sequence, id: TaskId::new(ticket) })
    }

    fn in_turn(&self) -> u16 {
        let turn = self.turn.get();
        self.turn.set(turn + 1);
        (turn % self.memory.settings.task_workers) as u16
    }

    /// Wakes one task worker that sleeps; the one that takes the job wakes another if there is more.
    fn wake(&self, only: Option<u16>) {
        // Pairs with the fence in `Flag::raise`: "flag or work".
        fence(Ordering::SeqCst);
        let count = self.memory.settings.task_workers;
        let mut answers = self.answers.borrow_mut();
        let mut try_one = |at: usize| {
            let slot = self.memory.settings.workers + at;
            let owed = answers[at].glance(&self.memory.worker(slot).asleep);
            if owed {
                self.memory.bells.workers[slot].ring();
            }
            owed
        };
        match only {
            Some(only) => {
                try_one(only.into());
            }
            None => {
                let from = self.turn.get();
                let _ = (0..count).any(|step| try_one((from + step) % count));
            }
        }
    }

    /// What was written for a job that is done.
    fn output<'a>(&self, cell: usize, done: &'a State) -> Result<Cow<'a, [u8]>, TaskError> {
        let job: &JobCell = &self.pool.cells[cell];
        // Relaxed: published by the move to done, which the caller has seen.
        let (ticket, load) = (job.ticket.load(Ordering::Relaxed), Load::of(job.output.load(Ordering::Relaxed)));
        match done.outcome {
            End::Died => Err(TaskError::WorkerDied),
            End::Unreadable => Err(TaskError::Unreadable),
            End::Storage => Err(TaskError::Storage),
            End::Output => self.loads.output(cell, done, load).map_err(|e| {
                logging::error!("task {ticket}: its output is not where it was put: {e}");
                TaskError::Unreadable
            }),
        }
    }

    /// What was written for it is read, and the cell free.
    fn release(&self, cell: usize, done: State) {
        let job: &JobCell = &self.pool.cells[cell];
        // Relaxed: as in `output`.
        let load = Load::of(job.output.load(Ordering::Relaxed));
        job.release(done);
        // Behind it: see what a death in between leaves, in `claims`.
        if done.outcome == End::Output {
            self.loads.overflow.give_back(Claim::of_job(cell, done, Half::Output), load);
        }
    }
}

/// `on_finish` as the dispatch table has it.
type OnFinish<S> = fn(&mut S, &Worker<S>, TaskId, &FinishedJob<'_>) -> Result<(), Failure>;

impl<S> Jobs<S> {
    /// Runs `on_finish`, or what a `task_with` said, for each job that has come back; `false` when there was none.
    pub(crate) fn finish_done(
        &self,
        state: &mut S,
        worker: &Worker<S>,
        on_finish: Option<OnFinish<S>>,
        keeps_lost: bool,
        settle: &mut dyn FnMut(Callback, Result<(), Failure>),
    ) -> bool {
        let mut was_any = false;
        for at in self.pool.done.take() {
            let done = self.pool.cells[at].state();
            // A call that waits looks by itself, and one that was given up is nobody's.
            if done.phase != Phase::Done || done.kind == Kind::Wait {
                continue;
            }
            was_any = true;
            let board = self.memory.worker(self.worker);
            board.step_aside(Some(Callback::Finish), clock::uptime_ms());
            let then = self.thens.borrow_mut()[at].take();
            // Relaxed: as in `output`.
            let id = TaskId::new(self.pool.cells[at].ticket.load(Ordering::Relaxed));
            let mut output = self.output.take();
            let is_there = self.output(at, &done).map(|bytes| match bytes {
                Cow::Borrowed(read) => output.extend_from_slice(read),
                Cow::Owned(read) => output = read,
            });
            // Before the callback begins: it begins once, and a worker that dies of it does not hand it on, but to `on_lost`.
            let begun = if keeps_lost { Some(self.pool.cells[at].begin(done)) } else { None };
            self.is_finishing.set(keeps_lost);
            if begun.is_none() {
                self.release(at, done);
            }
            let finished = FinishedJob { id, output: is_there.map(|()| Cow::Borrowed(output.as_slice())) };
            let outcome = match (then, on_finish) {
                (Some(then), _) => then(state, worker, &finished),
                (None, Some(on_finish)) => on_finish(state, worker, id, &finished),
                (None, None) => Ok(()),
            };
            board.step_aside(None, clock::uptime_ms());
            if let Some(begun) = begun {
                self.release(at, begun);
                self.is_finishing.set(false);
            }
            // What came by a file is not kept.
            output.clear();
            output.shrink_to(LARGE);
            self.output.replace(output);
            settle(Callback::Finish, outcome);
        }
        was_any
    }

    /// Gives what a dead predecessor was at in `on_finish` or a closure: which job, and its output if there was any.
    pub(crate) fn hand_over_lost(&self, tell: &mut dyn FnMut(TaskId, Option<Vec<u8>>)) {
        for (at, cell) in self.pool.cells.iter().enumerate() {
            let lost = cell.state();
            if lost.phase != Phase::Lost {
                continue;
            }
            let begun = cell.begin(lost);
            // Relaxed: as in `output`.
            let id = TaskId::new(cell.ticket.load(Ordering::Relaxed));
            self.is_finishing.set(true);
            tell(id, self.output(at, &begun).map(Cow::into_owned).ok());
            self.release(at, begun);
            self.is_finishing.set(false);
        }
    }
}

impl<S> Worker<S> {
    /// Hands a job to a task worker, and returns at once; what `on_task` returns comes to `on_finish`. The original: `$serv->task`.
    ///
    /// When the task worker dies in the job, or cannot read it, there is no output. Where `on_task` returns a `Result` whose error is made
    /// of a [`TaskError`] (`impl From<TaskError> for MyError`, or `TaskError` itself), `on_finish` gets that error; where it returns
    /// anything else, the log says so and `on_finish` is not called. What task worker and worker send to one session may overtake each
    /// other.
    ///
    /// # Errors
    /// [`TaskError::QueueFull`], [`TaskError::Unreadable`] for a job that cannot be written, [`TaskError::Storage`] for one so large that it
    /// goes through a file, where `task_tmpdir` does not take it. Nothing was queued then.
    pub fn task<'job, P: HandedAs<S::Task<'job>> + ?Sized>(&self, job: &'job P) -> Result<TaskId, TaskError>
    where
        S: RunsTasks,
    {
        Ok(self.jobs()?.hand_over(Kind::Finish, None, &AsJob(job, PhantomData))?.id)
    }

    /// The same for one certain task worker, from 0 to `task_workers` − 1. The original: the second argument of `$serv->task`.
    ///
    /// # Errors
    /// As [`Worker::task`]; [`TaskError::NoSuchTaskWorker`].
    pub fn task_to<'job, P: HandedAs<S::Task<'job>> + ?Sized>(&self, task_worker: u16, job: &'job P) -> Result<TaskId, TaskError>
    where
        S: RunsTasks,
    {
        Ok(self.jobs()?.hand_over(Kind::Finish, Some(task_worker), &AsJob(job, PhantomData))?.id)
    }

    /// The same with a closure for this one job, which runs in the place of `on_finish` and may return what callbacks return. When this
    /// worker dies first, the output goes to the `on_finish` of its successor. The original: the third argument of `$serv->task`.
    ///
    /// # Errors
    /// As [`Worker::task`].
    pub fn task_with<'job, P: HandedAs<S::Task<'job>> + ?Sized, Output: OutputOfOnTask, Returned: CallbackReturn>(
        &self,
        job: &'job P,
        then: impl FnOnce(&mut S, &Self, Output) -> Returned + 'static,
    ) -> Result<TaskId, TaskError>
    where
        S: RunsTasks<Output = Output>,
    {
        let jobs = self.jobs()?;
        let handed = jobs.hand_over(Kind::Closure, None, &AsJob(job, PhantomData))?;
        // Before anything can come back: this process looks for that in its own loop.
        jobs.thens.borrow_mut()[handed.cell] = Some(Box::new(move |state, worker, finished| {
            let output = finished.output(Output::read, S::instead)?;
            then(state, worker, output).outcome()
        }));
        Ok(handed.id)
    }

    /// Hands a job to a task worker and waits for its output, so long and no longer. No other callback of this worker runs meanwhile; other
    /// workers go on. The original: `$serv->taskwait`.
    ///
    /// # Errors
    /// As [`Worker::task`]; [`TaskError::TimedOut`], [`TaskError::WorkerDied`], [`TaskError::Unreadable`], and [`TaskError::Storage`] for the
    /// output as well.
    pub fn taskwait<'job, P: HandedAs<S::Task<'job>> + ?Sized, Output: OutputOfOnTask>(
        &self,
        job: &'job P,
        timeout: Duration,
    ) -> Result<Output, TaskError>
    where
        S: RunsTasks<Output = Output>,
    {
        let jobs = self.jobs()?;
        let until = until(timeout);
        let handed = jobs.hand_over(Kind::Wait, None, &AsJob(job, PhantomData))?;
        self.wait_for(jobs, &[Some(handed)], until);
        jobs.collect(handed)
    }

    /// The same for up to 1024 jobs at once. The outputs stand in the order of the jobs; one that was not done in time, or whose task worker
    /// died, is `None`. The original: `$serv->taskWaitMulti`.
    ///
    /// # Errors
    /// [`TaskError::QueueFull`] for more than 1024; one that finds no room later is `None`.
    pub fn taskwait_multi<'job, P: HandedAs<S::Task<'job>>, Output: OutputOfOnTask>(
        &self,
        jobs_to_do: &'job [P],
        timeout: Duration,
    ) -> Result<Vec<Option<Output>>, TaskError>
    where
        S: RunsTasks<Output = Output>,
    {
        const MOST: usize = 1024;
        let jobs = self.jobs()?;
        if jobs_to_do.len() > MOST {
            return Err(TaskError::QueueFull);
        }
        let until = until(timeout);
        let mut outputs: Vec<Option<Output>> = jobs_to_do.iter().map(|_| None).collect();
        let mut handed: Vec<Option<Handed>> = vec![None; jobs_to_do.len()];
        let mut next = 0;
        // More jobs than cells go in turns.
        while next < jobs_to_do.len() || handed.iter().any(Option::is_some) {
            while next < jobs_to_do.len() {
                match jobs.hand_over(Kind::Wait, None, &AsJob(&jobs_to_do[next], PhantomData)) {
                    Ok(job) => handed[next] = Some(job),
                    Err(TaskError::QueueFull) if handed.iter().any(Option::is_some) => break,
                    Err(e) if next == 0 => return Err(e),
                    Err(_) => {}
                }
                next += 1;
            }
            self.wait_for(jobs, &handed, until);
            let late = Instant::now() >= until;
            for (output, job) in outputs.iter_mut().zip(&mut handed) {
                if let Some(waiting) = job.take_if(|job| late || jobs.has_ended(*job)) {
                    *output = jobs.collect(waiting).ok();
                }
            }
            if late {
                break;
            }
        }
        Ok(outputs)
    }

    /// Until one of these has ended, or it is so late.
    fn wait_for(&self, jobs: &Jobs<S>, handed: &[Option<Handed>], until: Instant) {
        let board = self.outbox().memory().worker(jobs.worker);
        let has_any_ended = || handed.iter().flatten().any(|job| jobs.has_ended(*job));
        while !has_any_ended() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            if jobs.patience.look_for(has_any_ended) {
                return;
            }
            board.waits.raise();
            if !has_any_ended() {
                self.outbox().sleep(Some(left));
            }
            board.waits.lower();
        }
    }

    fn jobs(&self) -> Result<&Jobs<S>, TaskError> {
        // A server with `on_task` has task workers: an override cannot make their number 0. So this is one of them, in a callback that runs
        // in every process.
        self.jobs.ok_or(TaskError::InTaskWorker)
    }
}

impl<S> Jobs<S> {
    fn has_ended(&self, handed: Handed) -> bool {
        let now = self.pool.cells[handed.cell].state();
        now.sequence != handed.sequence || now.phase == Phase::Done
    }

    /// The output of a job that was waited for, or the end of the waiting.
    fn collect<Output: OutputOfOnTask>(&self, handed: Handed) -> Result<Output, TaskError> {
        match self.pool.withdraw(handed.cell, handed.sequence) {
            Withdrawn::Done(done) => {
                let output = self.output(handed.cell, &done).and_then(|bytes| Output::read(&bytes).ok_or(TaskError::Unreadable));
                self.release(handed.cell, done);
                output
            }
            Withdrawn::NeverRuns => {
                let claim = Claim { cell: handed.cell, sequence: handed.sequence, half: Half::Input };
                // Relaxed: this worker wrote it, and nobody has had it.
                self.loads.overflow.give_back(claim, Load::of(self.pool.cells[handed.cell].input.load(Ordering::Relaxed)));
                Err(TaskError::TimedOut)
            }
            Withdrawn::Running | Withdrawn::NotMine => Err(TaskError::TimedOut),
        }
    }
}

/// When a wait of this length is over; one for ever is one of a hundred years.
fn until(timeout: Duration) -> Instant {
    const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Instant::now() + timeout.min(FOR_EVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_ever_does_not_panic() {
        assert!(until(Duration::MAX) > until(Duration::from_secs(3600)));
    }
}
