//! Who holds a worker's slot: generation and pid in one word, so that two processes never serve one slot.
//!
//! The manager opens the slot for a new generation, then forks; the child claims it for itself. Both are one compare-exchange.
//!
//! If a process dies here:
//! - the manager, after it opened the slot and before it forked: nobody claims it; the next manager opens the next generation.
//! - the manager, after it forked: the child claims, and the next manager finds its pid; or the next manager is first and opens another
//!   generation, and the child, which finds it, ends without having touched anything.
//! - the manager, before it handed the slot to a process that is ready: that one holds nothing. After it: it is the owner, whether it has
//!   seen it or not.
//! - the child, before its claim: the slot is open and empty. After it: its pid is there for whoever reaps it.

use crate::sync::{AtomicU64, Ordering};

/// The word.
#[repr(transparent)]
pub(crate) struct OwnerWord(AtomicU64);

/// What the word says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    pub(crate) generation: u32,
    /// `None` while the slot is open.
    pub(crate) pid: Option<u32>,
}

/// How a process comes to its slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taking {
    /// The slot was opened for it.
    Open(Claim),
    /// Another holds the slot; this process gets ready beside it, as the next generation, and is handed the slot then. The claim is that of
    /// the slot's next process.
    Beside { opened: Claim, generation: u32 },
}

impl Claim {
    fn word(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.pid.unwrap_or(0))
    }

    fn of(word: u64) -> Self {
        let pid = word as u32;
        Self { generation: (word >> 32) as u32, pid: (pid != 0).then_some(pid) }
    }
}

impl OwnerWord {
    #[cfg_attr(not(test), expect(dead_code, reason = "shared memory comes as zeroes"))]
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn read(&self) -> Claim {
        // Acquire, label "claim": who reads a pid sees what that process found.
        Claim::of(self.0.load(Ordering::Acquire))
    }

    /// [manager] Opens the slot for the generation after `now`; `None` when somebody has claimed it meanwhile. The caller knows that the
    /// process `now` names, if any, is dead and settled.
    pub(crate) fn open(&self, now: Claim) -> Option<Claim> {
        let next = Claim { generation: now.generation.wrapping_add(1), pid: None };
        self.exchange(now, next).then_some(next)
    }

    /// [manager] The process that `now` names, if any, is dead and settled, and this one, which is ready, holds the slot as the next
    /// generation; `false` when somebody has claimed it meanwhile.
    pub(crate) fn hand_over(&self, now: Claim, to: u32) -> bool {
        self.exchange(now, Claim { generation: now.generation.wrapping_add(1), pid: Some(to) })
    }

    /// [manager] The process that `now` names is dead and settled: nobody holds the slot.
    pub(crate) fn vacate(&self, now: Claim) {
        // Nobody else exchanges a word that names a dead process.
        let _ = self.exchange(now, Claim { pid: None, ..now });
    }

    /// [worker] Takes the slot that was opened for it; `false` when it was opened again for another.
    pub(crate) fn claim(&self, opened: Claim, pid: u32) -> bool {
        self.exchange(opened, Claim { pid: Some(pid), ..opened })
    }

    fn exchange(&self, from: Claim, to: Claim) -> bool {
        // AcqRel, label "claim": all that was settled before the slot was opened is seen by who claims it.
        self.0.compare_exchange(from.word(), to.word(), Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
