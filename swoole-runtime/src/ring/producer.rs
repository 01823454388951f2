//! The producing end of a ring. Not `Clone`: there is one at a time, a reactor for its ring to a worker, a worker for its ring to a
//! reactor.

use super::{
    Ring,
    entry::{Record, Tag},
    flag::Flag,
    index::Head,
};
use crate::shm::Piece;
use nix::errno::Errno;
use std::os::fd::RawFd;

/// How far into its bytes a ring goes before it looks whether it may begin at its start again.
const REWIND: u64 = 16 << 10;

/// The producer.
pub(crate) struct Producer {
    ring: Ring,
    head: Head<'static>,
    /// Where the next bytes go, counted from the ring's birth.
    next: u64,
    /// Where it next looks whether the ring is empty.
    rewind_at: u64,
}

/// Room for one record's bytes, one behind the other. Published or forgotten before the next is reserved.
pub(crate) struct Space {
    start: u64,
    piece: Piece,
}

impl Space {
    pub(crate) fn length(&self) -> usize {
        self.piece.length()
    }
}

impl Producer {
    /// Takes up the end where its predecessor, if there was one, has left it.
    pub(crate) fn attach(ring: Ring) -> Self {
        let mut head = Head::attach(&ring.front.published, &ring.back.consumed, ring.slots());
        ring.front.wants_room.lower();
        head.look();
        let next = if head.is_empty() { 0 } else { Self::behind_last(&ring, &head) };
        Self { ring, head, next, rewind_at: next.wrapping_add(REWIND) }
    }

    /// Where the bytes of the last record end. A predecessor gone wild may have written anything: then the ring counts as full until it is
    /// empty.
    fn behind_last(ring: &Ring, head: &Head<'_>) -> u64 {
        let oldest = ring.entry(head.seen()).read(0).start;
        let last = ring.entry(head.own().wrapping_sub(1)).read(0);
        let end = last.start.wrapping_add(if last.elsewhere { 0 } else { u64::from(last.length) });
        let length = ring.bytes.length() as u64;
        if end.wrapping_sub(oldest) <= length { end } else { oldest.wrapping_add(length) }
    }

    /// [manager] Takes what a dead producer has published, and strikes out what no consumer should see.
    pub(crate) fn mend(&mut self, nothing: Tag, good: impl Fn(&Record) -> bool) {
        self.head.look();
        for position in self.head.seen()..self.head.own() {
            let record = self.ring.entry(position).read(position);
            let inside = record.elsewhere || self.ring.bytes.piece(self.ring.offset(record.start), record.length as usize).is_some();
            if !inside || !good(&record) {
                self.ring.entry(position).write(nothing, record.start, 0, true);
            }
        }
    }

    /// Room for at least `least` bytes and at most `most`.
    #[inline]
    pub(crate) fn reserve(&mut self, least: usize, most: usize) -> Option<Space> {
        if self.next >= self.rewind_at || self.head.is_full() {
            self.head.look();
            self.rewind();
        }
        if self.head.is_full() {
            return None;
        }
        self.room(least, most).or_else(|| {
            self.head.look();
            self.rewind();
            self.room(least, most)
        })
    }

    /// An empty ring begins at its start again; and so does one whose records have left so much room there that what is on its way fits
    /// twice. Under steady load no ring is ever quite empty, and would go through all its pages.
    fn rewind(&mut self) {
        let may = self.head.is_empty() || {
            let oldest = self.ring.entry(self.head.seen()).read(0).start;
            let (before_oldest, on_its_way) = (self.ring.offset(oldest) as u64, self.next.wrapping_sub(oldest));
            let same_lap = self.ring.offset(self.next) as u64 > before_oldest;
            same_lap && before_oldest >= 2 * REWIND && before_oldest / 2 >= on_its_way
        };
        if may {
            // Of an empty ring any multiple will do, should the count ever end.
            self.next = self.next.checked_next_multiple_of(self.length() as u64).unwrap_or(0);
        }
        self.rewind_at = self.next.wrapping_add(REWIND);
    }

    /// How many bytes the ring has.
    pub(crate) fn length(&self) -> usize {
        self.ring.bytes.length()
    }

    /// The room in one piece that is free as far as is known: here, or from the start of the area.
    fn room(&self, least: usize, most: usize) -> Option<Space> {
        let oldest = if self.head.is_empty() { self.next } else { self.ring.entry(self.head.seen()).read(0).start };
        let free = (self.length() as u64).saturating_sub(self.next.wrapping_sub(oldest)) as usize;
        let offset = self.ring.offset(self.next);
        let to_end = self.ring.bytes.length() - offset;
        if to_end >= least && free >= least {
            return self.space(self.next, most.min(to_end).min(free));
        }
        let at_start = free.checked_sub(to_end)?;
        if at_start < least {
            return None;
        }
        self.space(self.next.wrapping_add(to_end as u64), most.min(at_start))
    }

    fn space(&self, start: u64, length: usize) -> Option<Space> {
        Some(Space { start, piece: self.ring.bytes.piece(self.ring.offset(start), length)? })
    }

    /// Receives into the space; says how many bytes came.
    pub(crate) fn receive(&mut self, space: &Space, fd: RawFd) -> Result<usize, Errno> {
        // SAFETY: these bytes are ours alone: no published record holds them, and there is no other producer; guaranteed by `room`.
        unsafe { space.piece.receive(fd) }
    }

    /// The first bytes of the space, which [`Producer::receive`] has written. What is published of them is read here and there, and written
    /// by nobody.
    pub(crate) fn received<'a>(&'a self, space: &'a Space, length: usize) -> &'a [u8] {
        debug_assert!(length <= space.piece.length());
        // SAFETY: nobody but this producer writes these bytes, and what writes borrows it alone; guaranteed by `room` and by the signature.
        unsafe { space.piece.first(length).as_slice() }
    }

    /// Gives the first `used` bytes of the space to the consumer.
    pub(crate) fn publish(&mut self, space: Space, used: usize, tag: Tag) {
        debug_assert!(used <= space.piece.length());
        self.ring.entry(self.head.own()).write(tag, space.start, used as u32, false);
        self.head.publish();
        self.next = space.start.wrapping_add(used as u64);
    }

    /// Gives so many bytes of the space, `from` on, to the consumer, and keeps the rest; `false` when there is no room for a record. Parts
    /// are given in their order.
    pub(crate) fn publish_part(&mut self, space: &Space, from: usize, length: usize, tag: Tag) -> bool {
        debug_assert!(from + length <= space.piece.length());
        if self.head.is_full() {
            self.head.look();
        }
        if self.head.is_full() {
            return false;
        }
        let start = space.start.wrapping_add(from as u64);
        self.ring.entry(self.head.own()).write(tag, start, length as u32, false);
        self.head.publish();
        self.next = start.wrapping_add(length as u64);
        true
    }

    /// How many bytes on the ring are published and not consumed.
    pub(crate) fn on_its_way(&mut self) -> u64 {
        self.head.look();
        if self.head.is_empty() { 0 } else { self.next.wrapping_sub(self.ring.entry(self.head.seen()).read(0).start) }
    }

    /// The position of the last record that was published.
    pub(crate) fn last(&self) -> u64 {
        self.head.own().wrapping_sub(1)
    }

    /// Whether the record at this position, which was published, is consumed.
    pub(crate) fn is_consumed(&mut self, position: u64) -> bool {
        self.head.look();
        // Both count on from where the ring began, and are never further apart than it has slots.
        self.head.seen().wrapping_sub(position).cast_signed() > 0
    }

    /// Publishes a record with these bytes; `false` when there is no room.
    #[inline]
    pub(crate) fn push(&mut self, tag: Tag, bytes: &[u8]) -> bool {
        let Some(space) = self.reserve(bytes.len(), bytes.len()) else {
            return false;
        };
        // SAFETY: these bytes are ours alone: no published record holds them, and there is no other producer; guaranteed by `room`.
        unsafe { space.piece.write(bytes) };
        self.publish(space, bytes.len(), tag);
        true
    }

    /// Publishes a record whose `length` bytes lie elsewhere; `false` when there is no room.
    pub(crate) fn push_reference(&mut self, tag: Tag, length: u32) -> bool {
        if self.head.is_full() {
            self.head.look();
        }
        if self.head.is_full() {
            return false;
        }
        self.ring.entry(self.head.own()).write(tag, self.next, length, true);
        self.head.publish();
        true
    }

    /// Raised while this end waits for room; whoever raises it tries once more before it waits.
    pub(crate) fn wants_room(&self) -> &'static Flag {
        &self.ring.front.wants_room
    }

    /// The tags of the records that are published and not consumed.
    pub(crate) fn unconsumed(&mut self) -> impl Iterator<Item = Tag> + '_ {
        self.head.look();
        let ring = self.ring;
        (self.head.seen()..self.head.own()).map(move |position| ring.entry(position).read(position).tag)
    }
}
