//! The calls by which a process starts timers, and what its loop runs of them. Runs in: workers and task workers.
//!
//! The first timer makes the queue, which brings with it the function that runs what is due: a server that starts none has none of this in
//! its binary.

use super::{tasks::TaskWorker, worker::Worker};
use crate::{
    error::{CallbackReturn, Failure, TimerError},
    event::Callback,
    id::TimerId,
    sys::clock,
    timer::{Again, Closure, Once, Schedule},
};
use core::{
    cell::{Cell, RefCell},
    num::NonZeroU64,
    time::Duration,
};

/// How many timers run before what else there is to do.
const TIMERS_A_TURN: usize = 64;

type Outcome = Result<(), Failure>;
type Then<S> = Closure<S, Worker<S>>;
/// Runs what is due, and hands on what each returns.
type Run<S> = fn(&TimerQueue<S>, &mut S, &'static Worker<S>, &mut dyn FnMut(Outcome));

/// The timers of one process.
pub(crate) struct TimerQueue<S: 'static> {
    /// Borrowed for single moves, never while a closure runs or is dropped.
    schedule: RefCell<Schedule<Then<S>>>,
    /// When the next one is due: all that the loop looks at. `u64::MAX` where there is none.
    pub(super) next_us: Cell<u64>,
    /// Runs some of those that are due.
    pub(super) run: Run<S>,
    /// Drops all of them.
    pub(super) clear: fn(&Self) -> usize,
}

impl<S> TimerQueue<S> {
    fn new(most: usize) -> Self {
        Self { schedule: RefCell::new(Schedule::new(most)), next_us: Cell::new(u64::MAX), run: Self::run_some, clear: Self::clear_all }
    }

    fn add(&self, time: Duration, repeats: bool, closure: Then<S>) -> Result<TimerId, TimerError> {
        let time_us = whole_milliseconds(time).ok_or(TimerError::NoTime)?;
        let deadline_us = clock::uptime_us().saturating_add(time_us.get());
        let added = self.schedule.borrow_mut().add(deadline_us, repeats.then_some(time_us), closure);
        self.look_ahead();
        added.map_err(|_| TimerError::TooManyTimers)
    }

    fn clear_one(&self, id: TimerId) -> bool {
        // Dropped when the schedule is free again: what it captures is the user's.
        let cleared = self.schedule.borrow_mut().remove(id);
        self.look_ahead();
        cleared.is_some()
    }

    fn clear_all(&self) -> usize {
        let mut count = 0;
        loop {
            let cleared = self.schedule.borrow_mut().remove_any();
            if cleared.is_none() {
                break;
            }
            count += 1;
        }
        self.look_ahead();
        count
    }

    fn look_ahead(&self) {
        self.next_us.set(self.schedule.borrow().next_us().unwrap_or(u64::MAX));
    }

    fn run_some(&self, state: &mut S, worker: &'static Worker<S>, settle: &mut dyn FnMut(Outcome)) {
        let board = worker.board();
        // One time for all: what is started in this turn is due later than it, and runs in another.
        let now_us = clock::uptime_us();
        for _ in 0..TIMERS_A_TURN {
            let Some(due) = self.schedule.borrow_mut().take_due(now_us) else { break };
            board.step_aside(Some(Callback::Timer), clock::uptime_ms());
            let outcome = match due.value {
                Closure::Once(once) => once.call(state, worker),
                Closure::Again(mut again) => {
                    let outcome = again.call(state, worker);
                    let cleared = self.schedule.borrow_mut().put_back(due.id, Closure::Again(again));
                    drop(cleared);
                    outcome
                }
            };
            board.step_aside(None, clock::uptime_ms());
            settle(outcome);
        }
        self.look_ahead();
    }
}

/// In microseconds, rounded up to whole milliseconds; `None` for no time at all. One that is too long to count is for ever.
fn whole_milliseconds(time: Duration) -> Option<NonZeroU64> {
    let ms = time.as_nanos().div_ceil(1_000_000);
    NonZeroU64::new(u64::try_from(ms * 1000).unwrap_or(u64::MAX))
}

impl<S> Worker<S> {
    /// Runs the closure each time so much time has passed, until [`clear_timer`](Worker::clear_timer) or the end of this process. It gets the
    /// state as callbacks do, and may return what they return. The original: `$serv->tick`.
    ///
    /// Times are whole milliseconds, and a part of one counts as one. The first run is one period from now, the others at whole periods from
    /// there: a worker that was busy for several periods runs it once, late, and then when it would have been due. No callback runs while
    /// another does; timers that are due together run in the order in which they were started, and one that is started by a timer never
    /// runs in the same turn.
    ///
    /// A timer is of this process: its successor after a death or a reload starts its own. One that every worker has from the start is a
    /// period of the key `timers`. Timers do not keep a worker from ending; while it waits for closures of its jobs they go on.
    ///
    /// A closure that captures up to three words, such as a session and a number, is kept without an allocation.
    ///
    /// ```
    /// # use swoole_runtime::{self as swoole, SessionId, context::Worker};
    /// # use std::time::Duration;
    /// # struct Clock { told: u64 }
    /// fn on_connect(worker: &Worker<Clock>, fd: SessionId) -> swoole::Result<()> {
    ///     let mut second = 0;
    ///     worker.tick(Duration::from_secs(1), move |this, worker| {
    ///         second += 1;
    ///         this.told += 1;
    ///         worker.send(fd, format!("{second}\n").as_bytes())
    ///     })?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`TimerError::NoTime`] for a period of 0; [`TimerError::TooManyTimers`] where there are as many as `max_timers` says.
    pub fn tick<Returned: CallbackReturn>(
        &self,
        period: Duration,
        mut callback: impl FnMut(&mut S, &Self) -> Returned + 'static,
    ) -> Result<TimerId, TimerError> {
        let again = Again::new(move |state: &mut S, worker: &'static Self| callback(state, worker).outcome());
        self.queue().add(period, true, Closure::Again(again))
    }

    /// Runs the closure once, when so much time has passed; the timer is gone when it runs. All else is as with [`tick`](Worker::tick). The
    /// original: `$serv->after`.
    ///
    /// ```
    /// # use swoole_runtime::{self as swoole, SessionId, context::Worker};
    /// # use std::time::Duration;
    /// # struct Login;
    /// # impl Login { fn is_known(&self, fd: SessionId) -> bool { false } }
    /// fn on_connect(worker: &Worker<Login>, fd: SessionId) -> swoole::Result<()> {
    ///     worker.after(Duration::from_secs(5), move |this, worker| {
    ///         if this.is_known(fd) { Ok(()) } else { worker.close(fd) }
    ///     })?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`tick`](Worker::tick).
    pub fn after<Returned: CallbackReturn>(
        &self,
        delay: Duration,
        callback: impl FnOnce(&mut S, &Self) -> Returned + 'static,
    ) -> Result<TimerId, TimerError> {
        let once = Once::new(move |state: &mut S, worker: &'static Self| callback(state, worker).outcome());
        self.queue().add(delay, false, Closure::Once(once))
    }

    /// Ends a timer; whether there was one. A timer may end itself, and one that is due and has not run yet does not run any more. One of
    /// [`after`](Worker::after) is gone when it runs. The original: `$serv->clearTimer`, `$serv->deltimer`.
    ///
    /// ```
    /// # use swoole_runtime::{TimerId, context::Worker};
    /// # struct Game { clock: Option<TimerId> }
    /// fn pause(this: &mut Game, worker: &Worker<Game>) {
    ///     if let Some(clock) = this.clock.take() {
    ///         worker.clear_timer(clock);
    ///     }
    /// }
    /// ```
    pub fn clear_timer(&self, timer: TimerId) -> bool {
        self.timers.get().is_some_and(|queue| queue.clear_one(timer))
    }

    /// Ends every timer of this process, those of the key `timers` as well; how many there were. The original: `Timer::clearAll`.
    pub fn clear_timers(&self) -> usize {
        self.timers.get().map_or(0, TimerQueue::clear_all)
    }

    /// The timers of this process, in no certain order. Timers may be started and ended while it is walked through. The original:
    /// `Timer::list` and `Timer::info`.
    ///
    /// ```
    /// # use swoole_runtime::context::Worker;
    /// # use std::time::Duration;
    /// # struct Game;
    /// fn next(worker: &Worker<Game>) -> Option<Duration> {
    ///     worker.timers().map(|timer| timer.next_in).min()
    /// }
    /// ```
    #[must_use]
    pub fn timers(&self) -> Timers<'_, S> {
        Timers { queue: self.timers.get(), from: 0, now_us: clock::uptime_us() }
    }

    /// One that runs `on_timer`.
    pub(crate) fn start_from_settings(
        &self,
        period: Duration,
        on_timer: fn(&mut S, &Self, Duration) -> Outcome,
    ) -> Result<TimerId, TimerError> {
        self.queue().add(period, true, Closure::Again(Again::new(move |state, worker| on_timer(state, worker, period))))
    }

    /// The queue, made for the first timer.
    fn queue(&self) -> &'static TimerQueue<S> {
        self.timers.get().unwrap_or_else(|| {
            // For as long as the process lives, as the worker is.
            let queue: &'static _ = Box::leak(Box::new(TimerQueue::new(self.memory().settings.max_timers)));
            self.timers.set(Some(queue));
            queue
        })
    }
}

/// As those of a [`Worker`], in whose documentation the rules stand; closures get the `TaskWorker`. A timer never runs while `on_task` does.
impl<S> TaskWorker<S> {
    /// As [`Worker::tick`].
    ///
    /// # Errors
    /// As [`Worker::tick`].
    pub fn tick<Returned: CallbackReturn>(
        &self,
        period: Duration,
        mut callback: impl FnMut(&mut S, &Self) -> Returned + 'static,
    ) -> Result<TimerId, TimerError> {
        let again = Again::new(move |state: &mut S, worker: &'static Worker<S>| callback(state, &Self::new(worker)).outcome());
        self.worker().queue().add(period, true, Closure::Again(again))
    }

    /// As [`Worker::after`].
    ///
    /// # Errors
    /// As [`Worker::tick`].
    pub fn after<Returned: CallbackReturn>(
        &self,
        delay: Duration,
        callback: impl FnOnce(&mut S, &Self) -> Returned + 'static,
    ) -> Result<TimerId, TimerError> {
        let once = Once::new(move |state: &mut S, worker: &'static Worker<S>| callback(state, &Self::new(worker)).outcome());
        self.worker().queue().add(delay, false, Closure::Once(once))
    }

    /// As [`Worker::clear_timer`].
    pub fn clear_timer(&self, timer: TimerId) -> bool {
        self.worker().clear_timer(timer)
    }

    /// As [`Worker::clear_timers`].
    pub fn clear_timers(&self) -> usize {
        self.worker().clear_timers()
    }

    /// As [`Worker::timers`].
    #[must_use]
    pub fn timers(&self) -> Timers<'_, S> {
        self.worker().timers()
    }
}

/// What is known about a timer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TimerInfo {
    /// The timer.
    pub id: TimerId,
    /// How often it runs; `None` for one that runs once.
    pub period: Option<Duration>,
    /// How long it is until it runs; zero for one that is due. Of one that is running: until it runs again.
    pub next_in: Duration,
}

/// The timers of a process: what [`Worker::timers`] gives.
pub struct Timers<'worker, S: 'static> {
    queue: Option<&'worker TimerQueue<S>>,
    /// Which slot comes next.
    from: usize,
    now_us: u64,
}

impl<S> Iterator for Timers<'_, S> {
    type Item = TimerInfo;

    fn next(&mut self) -> Option<TimerInfo> {
        let (waiting, next) = self.queue?.schedule.borrow().look(self.from)?;
        self.from = next;
        Some(TimerInfo {
            id: waiting.id,
            period: waiting.period_us.map(|us| Duration::from_micros(us.get())),
            next_in: Duration::from_micros(waiting.deadline_us.saturating_sub(self.now_us)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_millisecond_counts_as_one_and_nothing_as_nothing() {
        for (time, us) in [
            (Duration::ZERO, None),
            (Duration::from_nanos(1), Some(1000)),
            (Duration::from_micros(999), Some(1000)),
            (Duration::from_millis(1), Some(1000)),
            (Duration::from_micros(1001), Some(2000)),
            (Duration::from_secs(100 * 365 * 24 * 60 * 60), Some(3_153_600_000_000_000)),
            (Duration::from_millis(u64::MAX), Some(u64::MAX)),
            (Duration::MAX, Some(u64::MAX)),
        ] {
            assert_eq!(whole_milliseconds(time).map(NonZeroU64::get), us, "{time:?}");
        }
    }
}
