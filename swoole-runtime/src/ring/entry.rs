//! One record of a ring, and the shared words of both ends.

use super::flag::Flag;
use crate::{
    shm::Shared,
    sync::{AtomicU32, AtomicU64, Ordering},
};
use core::mem::offset_of;

/// What the producer writes: in its own region.
#[repr(C, align(64))]
pub(crate) struct Front {
    pub(super) published: AtomicU64,
    /// Raised by a producer that found no room.
    pub(crate) wants_room: Flag,
}

/// What the consumer writes: in its own region.
#[repr(C, align(64))]
pub(crate) struct Back {
    pub(super) consumed: AtomicU64,
    /// The generation of the producer that wrote what cannot be; 0 for none.
    pub(super) distrusts: AtomicU32,
}

/// What lies in a slot of the ring.
#[repr(C)]
pub(crate) struct Entry {
    session: AtomicU64,
    /// Where its bytes begin, counted from the ring's birth; its rest by the area's length is the offset.
    start: AtomicU64,
    /// Length (32 bits), kind (8), detail (8), whether the bytes lie elsewhere (8), listener (8).
    tag: AtomicU64,
}

const _: () = {
    assert!(size_of::<Front>() == 64 && align_of::<Front>() == 64 && offset_of!(Front, wants_room) == 8);
    assert!(size_of::<Back>() == 64 && align_of::<Back>() == 64);
    assert!(size_of::<Entry>() == 24 && offset_of!(Entry, start) == 8 && offset_of!(Entry, tag) == 16);
};

// SAFETY: atomics alone, and zero is an empty ring that nobody waits for; see the fields.
unsafe impl Shared for Front {}
// SAFETY: atomics alone, and zero is a ring of which nothing is consumed and nothing distrusted; see the fields.
unsafe impl Shared for Back {}
// SAFETY: atomics alone, and zero is an entry of no kind, which no consumer believes; see the fields.
unsafe impl Shared for Entry {}

/// What a record is about: the session, the kind (a word of `event`), what the kind needs beside its bytes, and for a worker the listener of
/// the session, whose callbacks it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tag {
    pub(crate) session: u64,
    pub(crate) kind: u8,
    pub(crate) detail: u8,
    pub(crate) listener: u8,
}

/// A record as the consumer finds it. Every field is input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) position: u64,
    pub(crate) tag: Tag,
    pub(crate) start: u64,
    pub(crate) length: u32,
    /// Its bytes are not on the ring.
    pub(crate) elsewhere: bool,
}

impl Entry {
    /// Relaxed throughout: the ring's positions order an entry's words.
    pub(super) fn write(&self, tag: Tag, start: u64, length: u32, elsewhere: bool) {
        self.session.store(tag.session, Ordering::Relaxed);
        self.start.store(start, Ordering::Relaxed);
        let word = u64::from(length)
            | u64::from(tag.kind) << 32
            | u64::from(tag.detail) << 40
            | u64::from(elsewhere) << 48
            | u64::from(tag.listener) << 56;
        self.tag.store(word, Ordering::Relaxed);
    }

    /// Relaxed throughout: the ring's positions order an entry's words.
    pub(super) fn read(&self, position: u64) -> Record {
        let [l0, l1, l2, l3, kind, detail, elsewhere, listener] = self.tag.load(Ordering::Relaxed).to_le_bytes();
        Record {
            position,
            tag: Tag { session: self.session.load(Ordering::Relaxed), kind, detail, listener },
            start: self.start.load(Ordering::Relaxed),
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            elsewhere: elsewhere != 0,
        }
    }
}
