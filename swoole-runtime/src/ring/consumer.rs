//! The consuming end of a ring. Not `Clone`: there is one at a time, a worker for its ring from a reactor, a reactor for its ring from a
//! worker.

use super::{
    Ring,
    entry::Record,
    flag::Answers,
    index::{Corrupt, Tail},
};
use crate::{shm::Piece, sync::Ordering};
use core::marker::PhantomData;

/// The producer is the master: what it published stays unchanged until it is consumed.
pub(crate) struct FromMaster;

/// The producer runs user code, or reads what such a process wrote: every word is input.
pub(crate) struct FromOther;

/// The consumer.
pub(crate) struct Consumer<P> {
    ring: Ring,
    tail: Tail<'static>,
    answers: Answers,
    producer: PhantomData<fn() -> P>,
}

impl<P> Consumer<P> {
    /// Takes up the end where its predecessor, if there was one, has left it.
    pub(crate) fn attach(ring: Ring) -> Self {
        let tail = Tail::attach(&ring.front.published, &ring.back.consumed, ring.slots());
        Self { ring, tail, answers: Answers::default(), producer: PhantomData }
    }

    /// The oldest record, which stays until [`advance`](Self::advance).
    pub(crate) fn peek(&mut self) -> Result<Option<Record>, Corrupt> {
        Ok(self.tail.next()?.map(|position| self.ring.entry(position).read(position)))
    }

    /// Gives the oldest record's room back.
    pub(crate) fn advance(&mut self) {
        self.tail.advance();
    }

    /// Gives the room of the oldest records back, of which [`run`](Self::run) has told so many.
    pub(crate) fn advance_by(&mut self, records: u64) {
        self.tail.advance_by(records);
    }

    /// The oldest record together with those behind it that go to the same session, are of the same kind, and have their bytes right behind
    /// its own: as one record, and of how many it is made. At most `most` bytes, or the first record alone.
    pub(crate) fn run(&self, first: &Record, most: usize) -> (Record, u64) {
        let (mut run, mut records) = (*first, 1);
        while let Some(position) = self.tail.behind(records) {
            let next = self.ring.entry(position).read(position);
            let follows = next.tag == first.tag && !next.elsewhere && next.start == first.start.wrapping_add(u64::from(run.length));
            let longer = Record { length: run.length.saturating_add(next.length), ..run };
            // Behind the end of the area the bytes begin at its start again.
            if !follows || longer.length as usize > most || self.piece(&longer).is_none() {
                break;
            }
            (run, records) = (longer, records + 1);
        }
        (run, records)
    }

    /// Where the record's bytes lie, unless it claims what cannot be.
    pub(crate) fn piece(&self, record: &Record) -> Option<Piece> {
        self.ring.bytes.piece(self.ring.offset(record.start), record.length as usize)
    }

    /// Notes, for the manager, that the producer of this generation wrote what cannot be.
    pub(crate) fn distrust(&self, generation: u32) {
        // Relaxed: the bell that follows is a system call.
        self.ring.back.distrusts.store(generation, Ordering::Relaxed);
    }

    /// Whether the producer waits for the room that was just given back, and has not been told. May miss one that begins to.
    pub(crate) fn room_is_wanted(&mut self) -> bool {
        self.answers.glance(&self.ring.front.wants_room)
    }

    /// The same, and misses none: before a wait.
    pub(crate) fn room_is_wanted_for_certain(&mut self) -> bool {
        self.answers.owed(&self.ring.front.wants_room)
    }
}

impl Consumer<FromMaster> {
    /// The record's bytes, in place. Borrowed from the consumer, which therefore cannot advance over them.
    pub(crate) fn data(&self, record: &Record) -> &[u8] {
        match self.piece(record) {
            // SAFETY: the producer leaves a record alone until it is consumed, and that takes `&mut self`; guaranteed by
            // `Producer::room`, and no process but the master can write the region; guaranteed by `Arena::restrict`.
            Some(piece) => unsafe { piece.as_slice() },
            None => &[],
        }
    }
}

/// A look at a ring by a process that has neither end: the manager, at what a dead worker was in.
pub(crate) struct Look(Ring);

impl Look {
    pub(crate) fn at(ring: Ring) -> Self {
        Self(ring)
    }

    /// The record at this position, if it is the oldest that is not consumed: the one that was begun and not ended.
    pub(crate) fn oldest(&self, position: u64) -> Option<Record> {
        // Acquire, label "room": the dead consumer's last word.
        let consumed = self.0.back.consumed.load(Ordering::Acquire);
        // Acquire, label "records".
        let published = self.0.front.published.load(Ordering::Acquire);
        let waiting = published.wrapping_sub(consumed);
        (position == consumed && waiting > 0 && waiting <= self.0.slots()).then(|| self.0.entry(position).read(position))
    }

    /// How many records are published and not consumed: the one that the consumer is at, and those behind it.
    pub(crate) fn under_way(&self) -> u64 {
        // Relaxed, both: a measure. Two words that are not read at once may say less than none.
        let consumed = self.0.back.consumed.load(Ordering::Relaxed);
        self.0.front.published.load(Ordering::Relaxed).wrapping_sub(consumed).cast_signed().max(0).cast_unsigned()
    }

    /// The generation of the producer that the consumer distrusts; 0 for none.
    pub(crate) fn distrusted(&self) -> u32 {
        // Relaxed: the bell came after it.
        self.0.back.distrusts.load(Ordering::Relaxed)
    }

    /// [manager] Consumes for a consumer that is dead and has no successor yet.
    pub(crate) fn skip(&self, position: u64) {
        // Release, label "room": nothing of it is read any more.
        self.0.back.consumed.store(position.wrapping_add(1), Ordering::Release);
    }
}
