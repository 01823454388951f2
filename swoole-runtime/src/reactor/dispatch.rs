//! Which worker a session's next package goes to, where that is not decided when the session is accepted; and how a session goes from one
//! worker to another. It does so where it stands in no list of those that wait for room, or is the first of it, and leaves the list.
//!
//! Runs in: a reactor. If a worker is dead: what was given to it waits for its successor; the ways that look at how busy workers are leave it
//! out as long as another is there.

use super::{Lane, Program, Reactor};
use crate::{
    dispatch::{Dispatch, Mode},
    event::{State, ToWorker},
    id::SessionId,
    layout::Memory,
    ring::Look,
    session::{Flags, Found, Phase},
    sync::Ordering,
};
use core::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::Arc;

/// What all reactors and the acceptor count together.
pub(crate) struct Shares {
    /// How many packages were given in turn.
    turn: AtomicU64,
    /// How many sessions each worker has, where that decides.
    sessions: Box<[AtomicU32]>,
}

impl Shares {
    pub(crate) fn new(workers: usize) -> Self {
        Self { turn: AtomicU64::new(0), sessions: (0..workers).map(|_| AtomicU32::new(0)).collect() }
    }

    /// [master] One session more for the worker that has the fewest; of several such, the first from this one on.
    pub(crate) fn add_session(&self, from: usize) -> usize {
        let workers = self.sessions.len();
        // Relaxed, all of them: counts by themselves.
        let count = |worker: &usize| self.sessions[*worker].load(Ordering::Relaxed);
        let fewest = (0..workers).map(|at| (from + at) % workers).min_by_key(count).unwrap_or(0);
        self.sessions[fewest].fetch_add(1, Ordering::Relaxed);
        fewest
    }

    /// One session more that this worker has already.
    #[cfg(feature = "cli")]
    pub(super) fn has_session(&self, worker: usize) {
        // Relaxed: as above.
        self.sessions[worker].fetch_add(1, Ordering::Relaxed);
    }

    /// One session less.
    pub(crate) fn remove_session(&self, worker: usize) {
        // Relaxed: as above.
        self.sessions[worker].fetch_sub(1, Ordering::Relaxed);
    }
}

/// [reactor] Chooses for each package.
pub(super) struct Chooser {
    memory: &'static Memory,
    pub(super) shares: Arc<Shares>,
    /// The rings of all reactors to each worker, one worker after the other; none where nobody asks how busy they are.
    rings: Vec<Look>,
    last: usize,
}

/// Who gets a package.
pub(super) enum Choice {
    Worker(usize),
    Nobody,
    /// The server's function panicked.
    Panic,
}

impl Chooser {
    pub(super) fn new<P: Program>(memory: &'static Memory, shares: Arc<Shares>) -> Self {
        let settings = &memory.settings;
        let ring = |worker| (0..settings.reactors).map(move |reactor| Look::at(memory.to_worker(reactor, worker)));
        let asks = matches!(P::MODE, Mode::Idle | Mode::LeastReq);
        let rings = if asks { (0..settings.workers).flat_map(ring).collect() } else { Vec::new() };
        Self { memory, shares, rings, last: 0 }
    }

    pub(super) fn choose<P: Program>(&mut self, lanes: &[Lane], session: SessionId, package: &[u8]) -> Choice {
        let chosen = match P::MODE {
            Mode::Idle | Mode::LeastReq => return Choice::Worker(self.least_busy::<P>(lanes)),
            Mode::Function => match P::ask(self.memory, session, package) {
                Some(Dispatch::To(worker)) => worker,
                Some(Dispatch::Discard) => return Choice::Nobody,
                None => return Choice::Panic,
            },
            // Relaxed: a number that nobody else gets.
            _ => self.shares.turn.fetch_add(1, Ordering::Relaxed),
        };
        Choice::Worker((chosen % self.memory.settings.workers as u64) as usize)
    }

    /// Among several that are alike, the first behind the one that was chosen last.
    fn least_busy<P: Program>(&mut self, lanes: &[Lane]) -> usize {
        let (workers, reactors) = (self.memory.settings.workers, self.memory.settings.reactors);
        let how_busy = |worker: &usize| {
            let board = self.memory.worker(*worker);
            let under_way: u64 = self.rings[worker * reactors..][..reactors].iter().map(Look::under_way).sum();
            // One that sleeps and was given something is about to wake.
            let is_awake = matches!(P::MODE, Mode::Idle) && !(under_way == 0 && board.asleep.is_raised());
            let is_full = lanes[*worker].waiting.0 != 0;
            (is_full, board.state() != State::Ready, is_awake, under_way)
        };
        self.last = (1..=workers).map(|at| (self.last + at) % workers).min_by_key(how_busy).unwrap_or(0);
        self.last
    }
}

impl<P: Program> Reactor<P> {
    /// Whether a session may go from one worker to another.
    pub(super) const MOVES: bool = P::MODE.is_by_package() || matches!(P::MODE, Mode::Uid);

    pub(super) fn move_to(&mut self, found: Found, worker: usize) {
        if found.row.worker() != worker {
            self.no_longer_waits(found);
            found.row.move_to(worker);
            // What was on its way to the other one does not hold it back.
            found.row.clear(Flags::HELD_BACK);
            found.row.underway.store(0, Ordering::Relaxed);
        }
    }

    /// From a worker: whose session it is. The first word counts.
    pub(super) fn bind(&mut self, found: Found, uid: u64) {
        let row = found.row;
        if row.phase() != Phase::Open || row.uid().is_some() {
            return;
        }
        row.bind(uid);
        if matches!(P::MODE, Mode::Uid) && self.worker_of(uid) != row.worker() {
            row.set(Flags::THROUGH_DUE);
            self.pump(found);
        }
    }

    pub(super) fn worker_of(&self, uid: u64) -> usize {
        (uid % self.memory.settings.workers as u64) as usize
    }

    /// Asks the session's worker whether it is through with what it has of it; `false` when there is no room.
    pub(super) fn ask_worker(&mut self, found: Found) -> bool {
        if !self.publish(found, ToWorker::Through, 0) {
            return false;
        }
        found.row.clear(Flags::THROUGH_DUE);
        found.row.set(Flags::AWAITS_WORKER);
        true
    }

    /// From the session's worker: it is.
    pub(super) fn through(&mut self, found: Found) {
        let row = found.row;
        row.clear(Flags::AWAITS_WORKER);
        if matches!(P::MODE, Mode::Uid)
            && let Some(uid) = row.uid()
        {
            self.move_to(found, self.worker_of(uid));
        }
        self.pump(found);
    }

    /// The session ends, and several workers may have something of it: asks the next of them. `None` when all are through.
    pub(super) fn ask_around(&mut self, found: Found) -> Option<bool> {
        let row = found.row;
        let from = if row.has(Flags::ASKS_AROUND) { row.worker() + 1 } else { 0 };
        let next = row.first_given(from..self.memory.settings.workers)?;
        self.move_to(found, next);
        row.set(Flags::ASKS_AROUND.and(Flags::THROUGH_DUE));
        Some(self.ask_worker(found))
    }

    /// Sessions whose end no callback hears of.
    pub(super) fn end_unheard(&mut self) {
        while let Some(id) = self.unheard.pop() {
            if let Some(found) = self.sessions.find(id) {
                self.closed(found);
            }
        }
    }
}
