//! "I am asleep" and "I want room": a word that its owner alone raises and lowers, and that others look at after they did something the
//! owner may wait for. Reactors, workers and the manager, on both ends of each ring.
//!
//! The word counts up: odd is raised, and each raise has a number of its own. Whoever answers remembers the number, so that it answers
//! each raise once, however often it looks before the owner wakes.
//!
//! If a process dies here:
//! - the owner, raised: the word stays odd; its successor lowers it when it attaches. Bells rung meanwhile ring for nobody.
//! - the owner, between raising and its second look: the same.
//! - another, after it published and before it looked or answered: the owner sleeps with something to do. Whoever reaps a process rings
//!   every bell it may have owed.
//! - nobody but the owner ever writes the word, so no death can leave it lowered over a sleeper.

use crate::sync::{AtomicU64, Ordering, fence};

/// The word itself, in memory that its owner writes.
#[repr(transparent)]
pub(crate) struct Flag(AtomicU64);

impl Flag {
    #[cfg_attr(not(test), expect(dead_code, reason = "shared memory comes as zeroes"))]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// [owner] Raises it. The owner looks again at what it waits for before it sleeps: what was done before the other's look is then
    /// seen by the owner, or the flag by the other.
    pub(crate) fn raise(&self) {
        // Relaxed: only the owner writes it.
        let word = self.0.load(Ordering::Relaxed);
        // Relaxed: the fence orders it before the owner's second look.
        self.0.store(word | 1, Ordering::Relaxed);
        // Pairs with the fence in `Answers::owed`: "flag or work".
        fence(Ordering::SeqCst);
    }

    /// Whether the owner sleeps, or wants room: for people.
    pub(crate) fn is_raised(&self) -> bool {
        // Relaxed: a word by itself.
        self.0.load(Ordering::Relaxed) & 1 == 1
    }

    /// [owner] Lowers it; no harm when it is low.
    pub(crate) fn lower(&self) {
        // Relaxed: only the owner writes it.
        let word = self.0.load(Ordering::Relaxed);
        if word & 1 == 1 {
            // Relaxed: who sees it late rings once too often.
            self.0.store(word.wrapping_add(1), Ordering::Relaxed);
        }
    }
}

/// What one other process or thread remembers of a flag: the last raise that it answered.
#[derive(Default)]
pub(crate) struct Answers(u64);

impl Answers {
    /// Whether the owner must be woken, by what the caller did just before. Says so once a raise.
    pub(crate) fn owed(&mut self, flag: &Flag) -> bool {
        // Pairs with the fence in `Flag::raise`: "flag or work".
        fence(Ordering::SeqCst);
        self.glance(flag)
    }

    /// The same without the fence: may miss a raise that is just happening. For a caller that looks properly before it sleeps.
    pub(crate) fn glance(&mut self, flag: &Flag) -> bool {
        // Relaxed: the fence of `owed` orders it; `glance` may miss.
        let word = flag.0.load(Ordering::Relaxed);
        if word & 1 == 0 || word == self.0 {
            return false;
        }
        self.0 = word;
        true
    }
}
