//! The loop of a task worker: the oldest job of all, one after the other.
//!
//! Runs in: a task worker. If a worker is dead: its jobs go on, and their outputs are for its successor. If this process dies: the manager
//! completes the job it was at as died, before a successor is forked, and wakes whoever it owed a bell.

use super::{errors::Errors, messages::Inbox};
use crate::{
    context::{Desk, TaskWorker, Worker},
    contract::Server,
    event::Callback,
    job::{Holder, Kind, is_left, oldest, take_oldest},
    layout::Memory,
    process::{Order, WorkerBoard},
    ring::Answers,
    settings::Resolved,
    sync::Ordering,
    sys::{clock, wake::Patience},
};
use std::rc::Rc;

/// A task worker at work.
pub(super) struct Working<S: Server> {
    memory: &'static Memory,
    slot: usize,
    board: &'static WorkerBoard,
    worker: &'static Worker<S>,
    task_worker: TaskWorker<S>,
    holder: Holder,
    desk: Rc<Desk>,
    /// The last raises of the other task workers that this one has answered.
    answers: Vec<Answers>,
    inbox: Option<Inbox<S>>,
    errors: Errors,
    /// For the next job of somebody who has waited for his last.
    patience: Patience,
}

impl<S: Server> Working<S> {
    pub(super) fn new(memory: &'static Memory, slot: usize, worker: &'static Worker<S>) -> Self {
        let task_worker = TaskWorker::new(worker);
        let holder = Holder { task_worker: task_worker.index(), generation: worker.generation() as u16 };
        Self {
            memory,
            slot,
            board: memory.worker(slot),
            worker,
            task_worker,
            holder,
            desk: Rc::new(Desk::new(memory)),
            answers: (0..memory.settings.task_workers).map(|_| Answers::default()).collect(),
            inbox: Inbox::open(memory, slot, worker.generation()),
            errors: Errors::default(),
            patience: Patience::new(),
        }
    }

    /// Does jobs until the manager says stop.
    pub(super) fn work(mut self, state: &mut S) {
        let Some(on_task) = S::DISPATCH.on_task else { return };
        // Relaxed: this process alone writes it now.
        let before = self.board.requests.load(Ordering::Relaxed);
        let Resolved { task_max_request, task_max_request_grace, .. } = self.memory.settings;
        let share = super::share(task_max_request, task_max_request_grace);
        let mut jobs = before;
        let mut was_waited_for = false;
        while self.memory.slot(self.slot).order(self.worker.generation()) == Order::Serve {
            self.read_messages(state);
            self.run_due(state);
            let Some(taken) = take_oldest(self.desk.pools(), self.holder) else {
                let is_offered = || oldest(self.desk.pools(), self.holder.task_worker).is_some();
                if !was_waited_for || !self.patience.look_for(is_offered) {
                    self.sleep();
                }
                continue;
            };
            was_waited_for = taken.state.kind == Kind::Wait;
            if is_left(self.desk.pools()) {
                self.wake_another();
            }
            jobs += 1;
            // Relaxed, both: counts for people, and for who reaps this process.
            self.board.requests.store(jobs, Ordering::Relaxed);
            self.board.consumed.store(jobs, Ordering::Relaxed);
            self.board.step_aside(Some(Callback::Task), clock::uptime_ms());
            self.desk.give(taken, |given| on_task(state, &self.task_worker, given));
            self.board.step_aside(None, clock::uptime_ms());
            // Relaxed: a count for people, which the manager sets right should this process die between the two.
            self.board.jobs.fetch_add(1, Ordering::Relaxed);
            if share == Some(jobs - before) {
                self.board.ask_for_successor();
                self.memory.bells.manager.ring();
            }
        }
        // What was sent before the end is read before it.
        let turns = if S::DISPATCH.on_pipe_message.is_some() { self.inbox.as_ref().map_or(0, Inbox::turns_at_the_end) } else { 0 };
        let _ = (0..turns).all(|_| self.read_messages(state));
    }

    /// Reads what other processes have sent; `false` when there was nothing.
    fn read_messages(&mut self, state: &mut S) -> bool {
        let mut was_any = false;
        if let Some(inbox) = &mut self.inbox {
            was_any = inbox.read(state, self.worker, &mut |outcome| self.errors.report(Callback::PipeMessage, None, outcome));
        }
        if was_any {
            self.count_as_consumed();
        }
        was_any
    }

    /// Runs timers that are due.
    fn run_due(&mut self, state: &mut S) {
        if self.worker.run_due(state, &mut |outcome| self.errors.report(Callback::Timer, None, outcome)) {
            self.count_as_consumed();
        }
    }

    /// This process has done something: should it die now, another comes at once.
    fn count_as_consumed(&self) {
        // Relaxed: for who reaps this process.
        self.board.consumed.fetch_add(1, Ordering::Relaxed);
    }

    /// Sleeps until there is a job. Looks once more between raising the flag and sleeping.
    fn sleep(&self) {
        self.board.asleep.raise();
        let stop = self.memory.slot(self.slot).order(self.worker.generation()) == Order::Stop;
        let no_mail = self.inbox.as_ref().is_none_or(|inbox| !inbox.has_any());
        if !stop && no_mail && oldest(self.desk.pools(), self.holder.task_worker).is_none() {
            self.worker.outbox().sleep(self.worker.until_due());
        }
        self.board.asleep.lower();
    }

    /// There is more to do than this one will do at once.
    fn wake_another(&mut self) {
        let first = self.memory.settings.workers;
        for (at, answers) in self.answers.iter_mut().enumerate().filter(|(at, _)| first + at != self.slot) {
            if answers.glance(&self.memory.worker(first + at).asleep) {
                return self.memory.bells.workers[first + at].ring();
            }
        }
    }
}
