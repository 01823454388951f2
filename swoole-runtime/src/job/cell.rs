//! One cell: the moves of its state word. Used by workers, task workers and the manager. What a death leaves is said at the head of this
//! folder.

use super::state::{Holder, Kind, Outcome, Phase, State};
use crate::{
    shm::Shared,
    sync::{AtomicU64, Ordering},
};

/// A cell in shared memory. Its bytes lie elsewhere.
#[repr(C, align(64))]
pub(crate) struct JobCell {
    state: AtomicU64,
    /// Rises over all jobs of the server: the oldest has the lowest.
    pub(crate) ticket: AtomicU64,
    /// Which task worker it is for, and 0 for any; else its number and one.
    pub(crate) only: AtomicU64,
    /// How long the job is, and where: a [`Load`](super::Load).
    pub(crate) input: AtomicU64,
    pub(crate) output: AtomicU64,
    /// When it was offered, on the clock of `uptime_ms`.
    pub(crate) offered_ms: AtomicU64,
}

/// What became of a job that a task worker has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Completed {
    /// The worker is to be told.
    Done,
    /// Nobody waited any more; the cell is free.
    Unwanted,
    /// It was not this task worker's any more.
    NotMine,
}

/// What became of a job that a worker does not want any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Withdrawn {
    /// It never runs; the cell is free.
    NeverRuns,
    /// It runs, and its output goes nowhere; the task worker frees the cell.
    Running,
    /// It was done before.
    Done(State),
    /// It was no job of this sequence any more.
    NotMine,
}

impl JobCell {
    #[cfg_attr(not(test), expect(dead_code, reason = "shared memory comes as zeroes"))]
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self { state: zero(), ticket: zero(), only: zero(), input: zero(), output: zero(), offered_ms: zero() }
    }

    pub(crate) fn state(&self) -> State {
        // Acquire, label "job": what was written into the cell before the move is there.
        State::of(self.state.load(Ordering::Acquire))
    }

    /// [worker] Puts a job up that was written into this free cell.
    pub(crate) fn offer(&self, free: State, kind: Kind) -> State {
        debug_assert_eq!(free.phase, Phase::Free);
        let ready = State { phase: Phase::Ready, kind, outcome: Outcome::Output, sequence: free.following(), ..State::FREE };
        // Release, label "job". A free cell is moved by nobody but its worker.
        self.state.store(ready.word(), Ordering::Release);
        State::of(ready.word())
    }

    /// [task worker] Takes a ready job; `None` when another was faster.
    pub(crate) fn take(&self, ready: State, holder: Holder) -> Option<State> {
        let taken = State { holder, ..ready.with(Phase::Taken) };
        self.exchange(ready, taken).then_some(taken)
    }

    /// [task worker] The output, if there is one, is written.
    pub(crate) fn complete(&self, taken: State, outcome: Outcome) -> Completed {
        // The worker, or the manager in its name, may turn what waits into what is for `on_finish`, or give it up.
        loop {
            let now = self.state();
            if now.sequence != taken.sequence || now.holder != taken.holder {
                return Completed::NotMine;
            }
            let (next, completed) = match now.phase {
                Phase::Taken => (State { outcome, ..now.with(Phase::Done) }, Completed::Done),
                Phase::Abandoned => (now.with(Phase::Free), Completed::Unwanted),
                Phase::Free | Phase::Ready | Phase::Done | Phase::Begun | Phase::Lost => return Completed::NotMine,
            };
            if self.exchange(now, next) {
                return completed;
            }
        }
    }

    /// [worker] Does not wait for this job any more.
    pub(super) fn withdraw(&self, sequence: u32) -> Withdrawn {
        loop {
            let now = self.state();
            if now.sequence != sequence {
                return Withdrawn::NotMine;
            }
            let (next, withdrawn) = match now.phase {
                Phase::Ready => (now.with(Phase::Free), Withdrawn::NeverRuns),
                Phase::Taken => (now.with(Phase::Abandoned), Withdrawn::Running),
                Phase::Done => return Withdrawn::Done(now),
                Phase::Free | Phase::Abandoned | Phase::Begun | Phase::Lost => return Withdrawn::NotMine,
            };
            if self.exchange(now, next) {
                return withdrawn;
            }
        }
    }

    /// [worker] `on_finish` begins with what is done, or `on_lost` with what a dead predecessor had begun: that is told from the other by its
    /// kind, and begins no third time.
    pub(crate) fn begin(&self, now: State) -> State {
        debug_assert!(matches!(now.phase, Phase::Done | Phase::Lost));
        let kind = if now.phase == Phase::Lost { Kind::Wait } else { now.kind };
        let begun = State { kind, ..now.with(Phase::Begun) };
        // Release, label "job". As in `release`.
        self.state.store(begun.word(), Ordering::Release);
        begun
    }

    /// [receiver of a message] `on_lost` begins with a message that a dead predecessor had begun.
    pub(crate) fn take_lost(&self, lost: State, holder: Holder) -> State {
        debug_assert_eq!(lost.phase, Phase::Lost);
        let taken = State { holder, kind: Kind::Wait, ..lost.with(Phase::Taken) };
        // Release, label "job". A lost message is moved by nobody but its receiver, and by the manager when that is dead.
        self.state.store(taken.word(), Ordering::Release);
        taken
    }

    /// [worker] What came back is read.
    pub(crate) fn release(&self, done: State) {
        debug_assert!(matches!(done.phase, Phase::Done | Phase::Begun));
        // Release, label "job". A job that is done is moved by nobody but its worker, and by the manager when that is dead.
        self.state.store(done.with(Phase::Free).word(), Ordering::Release);
    }

    /// [receiver of a message] It is read: a message has no output. [manager] In the name of a dead one.
    pub(crate) fn put_away(&self, taken: State) -> bool {
        self.exchange(taken, taken.with(Phase::Free))
    }

    /// [manager] Its receiver died at it, and the successor is to be told.
    pub(crate) fn lose(&self, taken: State) -> bool {
        self.exchange(taken, taken.with(Phase::Lost))
    }

    /// One move; whoever else moved first, wins.
    pub(super) fn exchange(&self, from: State, to: State) -> bool {
        // AcqRel, label "job": what was written before is there for who moves next.
        self.state.compare_exchange(from.word(), to.word(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

// SAFETY: atomics alone, and zero is a free cell; see the fields.
unsafe impl Shared for JobCell {}
