//! The two positions of a ring: how far it is published, how far it is consumed. Both only ever rise, by one a record.
//!
//! Each end owns its position and only publishes it; it never reads its own back while it runs. Another's position is input: what
//! cannot be is not believed.
//!
//! If a process dies here:
//! - the producer, before the release store: its record does not exist. After it: its record is whole.
//! - the consumer, before its store: the record is still there, for its successor. After it: the record is gone.
//! - a successor begins where the word says, on either end.

use crate::sync::{AtomicU64, Ordering};

/// The producer's end.
pub(crate) struct Head<'a> {
    published: &'a AtomicU64,
    consumed: &'a AtomicU64,
    own: u64,
    /// The other's position when it was last looked at.
    seen: u64,
    slots: u64,
}

/// The consumer's end.
pub(crate) struct Tail<'a> {
    published: &'a AtomicU64,
    consumed: &'a AtomicU64,
    own: u64,
    /// The other's position when it was last looked at.
    seen: u64,
    slots: u64,
}

/// The other end says what cannot be: its process has gone wild.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Corrupt;

impl<'a> Head<'a> {
    /// Takes up the producer's end. A published position that cannot be is one that a wild predecessor left: what it published counts
    /// as consumed.
    pub(crate) fn attach(published: &'a AtomicU64, consumed: &'a AtomicU64, slots: u64) -> Self {
        // Acquire, label "records": a successor reads what its predecessor published.
        let own = published.load(Ordering::Acquire);
        // Acquire, label "room".
        let seen = consumed.load(Ordering::Acquire);
        if own.wrapping_sub(seen) > slots {
            // Release, label "records".
            published.store(seen, Ordering::Release);
            return Self { published, consumed, own: seen, seen, slots };
        }
        Self { published, consumed, own, seen, slots }
    }

    /// The position of the next record.
    pub(crate) fn own(&self) -> u64 {
        self.own
    }

    /// The oldest position that may not be consumed yet.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Looks how far the consumer is.
    pub(crate) fn look(&mut self) {
        // Acquire, label "room": what the consumer read before its store is ours to write over.
        let consumed = self.consumed.load(Ordering::Acquire);
        if self.own.wrapping_sub(consumed) <= self.own.wrapping_sub(self.seen) {
            self.seen = consumed;
        }
    }

    /// Whether all slots hold records, as far as is known.
    pub(crate) fn is_full(&self) -> bool {
        self.own.wrapping_sub(self.seen) >= self.slots
    }

    /// Whether nothing is on the ring, as far as is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.own == self.seen
    }

    /// Gives the record at [`own`](Self::own) to the consumer.
    pub(crate) fn publish(&mut self) {
        debug_assert!(!self.is_full());
        self.own = self.own.wrapping_add(1);
        // Release, label "records": the consumer sees the record before the position.
        self.published.store(self.own, Ordering::Release);
    }
}

impl<'a> Tail<'a> {
    /// Takes up the consumer's end.
    pub(crate) fn attach(published: &'a AtomicU64, consumed: &'a AtomicU64, slots: u64) -> Self {
        // Acquire, label "room": a successor goes on behind what its predecessor consumed.
        let own = consumed.load(Ordering::Acquire);
        Self { published, consumed, own, seen: own, slots }
    }

    /// The position of the oldest record, if there is one.
    pub(crate) fn next(&mut self) -> Result<Option<u64>, Corrupt> {
        if self.own == self.seen {
            // Acquire, label "records".
            let published = self.published.load(Ordering::Acquire);
            if published.wrapping_sub(self.own) > self.slots {
                return Err(Corrupt);
            }
            self.seen = published;
        }
        Ok((self.own != self.seen).then_some(self.own))
    }

    /// The position of the record so many behind the oldest, if it is known to be there.
    pub(crate) fn behind(&self, by: u64) -> Option<u64> {
        (by < self.seen.wrapping_sub(self.own)).then(|| self.own.wrapping_add(by))
    }

    /// Gives the room of the record at [`next`](Self::next) back.
    pub(crate) fn advance(&mut self) {
        self.advance_by(1);
    }

    /// The same for so many records, which are known to be there.
    pub(crate) fn advance_by(&mut self, records: u64) {
        debug_assert!(records <= self.seen.wrapping_sub(self.own));
        self.own = self.own.wrapping_add(records);
        // Release, label "room": the producer writes there only after what was read.
        self.consumed.store(self.own, Ordering::Release);
    }
}
