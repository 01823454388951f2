//! The atomics of the models, by the name that the runtime's files know them by. Each access is a step before which a process may die,
//! and a mutant is made by taking an ordering away.

use crate::mortal::step;
use core::cell::Cell;
pub(crate) use loom::sync::atomic::Ordering;

/// What a mutant does without.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Without {
    Nothing,
    /// `fence` does nothing.
    Fence,
    /// Stores are relaxed.
    Release,
    /// Loads are relaxed.
    Acquire,
    /// A compare-exchange stores, whatever it finds.
    Compare,
}

thread_local! {
    /// The model runs on one thread of the machine, whatever it plays.
    static WITHOUT: Cell<Without> = const { Cell::new(Without::Nothing) };
}

/// Runs `model` without that.
pub(crate) fn without<R>(what: Without, model: impl FnOnce() -> R) -> R {
    WITHOUT.set(what);
    let done = model();
    WITHOUT.set(Without::Nothing);
    done
}

fn weaker(ordering: Ordering, without: Without) -> Ordering {
    if WITHOUT.get() == without { Ordering::Relaxed } else { ordering }
}

/// The same for an access that is a load and a store.
fn weaker_of_both(ordering: Ordering) -> Ordering {
    match (ordering, WITHOUT.get()) {
        (Ordering::AcqRel, Without::Release) => Ordering::Acquire,
        (Ordering::AcqRel, Without::Acquire) => Ordering::Release,
        (Ordering::Release, Without::Release) | (Ordering::Acquire, Without::Acquire) => Ordering::Relaxed,
        (ordering, _) => ordering,
    }
}

/// A word of shared memory.
#[derive(Debug)]
pub(crate) struct AtomicU64(loom::sync::atomic::AtomicU64);

impl AtomicU64 {
    pub(crate) fn new(value: u64) -> Self {
        Self(loom::sync::atomic::AtomicU64::new(value))
    }

    pub(crate) fn load(&self, ordering: Ordering) -> u64 {
        step();
        self.0.load(weaker(ordering, Without::Acquire))
    }

    pub(crate) fn store(&self, value: u64, ordering: Ordering) {
        step();
        self.0.store(value, weaker(ordering, Without::Release));
    }

    pub(crate) fn compare_exchange(&self, from: u64, to: u64, success: Ordering, failure: Ordering) -> Result<u64, u64> {
        step();
        if WITHOUT.get() == Without::Compare {
            self.0.store(to, Ordering::Release);
            return Ok(from);
        }
        self.0.compare_exchange(from, to, weaker_of_both(success), weaker(failure, Without::Acquire))
    }

    pub(crate) fn swap(&self, value: u64, ordering: Ordering) -> u64 {
        step();
        self.0.swap(value, weaker_of_both(ordering))
    }

    pub(crate) fn fetch_or(&self, bits: u64, ordering: Ordering) -> u64 {
        step();
        self.0.fetch_or(bits, weaker_of_both(ordering))
    }

    pub(crate) fn fetch_and(&self, bits: u64, ordering: Ordering) -> u64 {
        step();
        self.0.fetch_and(bits, weaker_of_both(ordering))
    }
}

pub(crate) fn fence(ordering: Ordering) {
    if WITHOUT.get() != Without::Fence {
        loom::sync::atomic::fence(ordering);
    }
}
