//! Rings: one producer, one consumer, records with bytes, between two processes. Reactor to worker; worker or manager to reactor.
//!
//! A record is an entry (session, kind, where its bytes lie) in a ring of entries, and its bytes in a ring of bytes beside it, so that
//! neighbouring packages need no room between them. Bytes are counted from the ring's birth; a record that would not fit before the end
//! of the area begins at its start, and an empty ring begins at its start again, which keeps a quiet server in few pages.
//!
//! If a process dies here: see `index` (positions), `flag` (waking). Bytes that were written and not published are written over by the
//! successor.

mod consumer;
mod entry;
mod flag;
mod index;
#[cfg(test)]
mod laws;
mod producer;

pub(crate) use consumer::{Consumer, FromMaster, FromOther, Look};
pub(crate) use entry::{Back, Entry, Front, Record, Tag};
pub(crate) use flag::{Answers, Flag};
pub(crate) use producer::{Producer, Space};

use crate::shm::{Area, Arena, Bytes, Place, Places, Plan};

/// Where the producer's half of a ring lies.
#[derive(Clone, Copy)]
pub(crate) struct FrontPlace {
    front: Place<Front>,
    entries: Places<Entry>,
    bytes: Area,
}

impl FrontPlace {
    /// Lays it out: `bytes`, a power of two, and as many entries as small messages need.
    pub(crate) fn lay(plan: &mut Plan, bytes: usize) -> Self {
        debug_assert!(bytes.is_power_of_two());
        let entries = (bytes / BYTES_PER_ENTRY).clamp(MIN_ENTRIES, MAX_ENTRIES);
        Self { front: plan.one(), entries: plan.many(entries), bytes: plan.bytes(bytes) }
    }
}

const BYTES_PER_ENTRY: usize = 256;
const MIN_ENTRIES: usize = 256;
const MAX_ENTRIES: usize = 1024;

/// The largest message that a ring of this many bytes carries itself: an eighth, so that one message never fills it.
pub(crate) const fn largest_message(bytes: usize) -> usize {
    bytes / 8
}

/// A ring as any process reaches it, before it takes up one end.
#[derive(Clone, Copy)]
pub(crate) struct Ring {
    pub(crate) front: &'static Front,
    pub(crate) back: &'static Back,
    entries: &'static [Entry],
    bytes: Bytes,
}

impl Ring {
    pub(crate) fn at(arena: &'static Arena, front: FrontPlace, back: Place<Back>) -> Self {
        Self { front: arena.get(front.front), back: arena.get(back), entries: arena.all(front.entries), bytes: arena.bytes(front.bytes) }
    }

    fn slots(&self) -> u64 {
        self.entries.len() as u64
    }

    fn entry(&self, position: u64) -> &'static Entry {
        // The number of entries is a power of two, so the rest is always an index.
        &self.entries[(position & (self.slots() - 1)) as usize]
    }

    fn offset(&self, start: u64) -> usize {
        (start & (self.bytes.length() as u64 - 1)) as usize
    }
}
