//! A session's row as words, for where it goes on: in the table of another server, or in the same one once more.
//!
//! If a process dies here: as in `row`.

use super::row::{ARRIVING, Flags, Phase, Row, Where, whereabouts};
use crate::sync::Ordering;

/// What is to be known of a session where it goes on: all but its socket, its queues and what was on its way to a worker.
pub(crate) type Words = [u64; 11];

impl Row {
    /// [reactor] As it is now.
    pub(crate) fn words(&self) -> Words {
        let [high, low] = &self.address;
        let counters = [&self.accepted_ms, &self.received_ms, &self.sent_ms, &self.bytes_in, &self.bytes_out, &self.uid];
        let [accepted, received, sent, bytes_in, bytes_out, uid] = counters.map(|word| word.load(Ordering::Relaxed));
        let (closing, flags) = (self.closing.load(Ordering::Relaxed), self.flags.load(Ordering::Relaxed));
        let [high, low, place] = [high, low, &self.place].map(|word| word.load(Ordering::Relaxed));
        [high, low, place, accepted, received, sent, bytes_in, bytes_out, uid, closing.into(), flags.into()]
    }

    /// [master] As it was elsewhere. Its worker has nothing of it, and there may be something to read.
    pub(super) fn go_on(&self, words: &Words, descriptor: u32) {
        let [high, low, place, accepted, received, sent, bytes_in, bytes_out, uid, closing, flags] = *words;
        for (field, value) in [
            (&self.address[0], high),
            (&self.address[1], low),
            (&self.place, place),
            (&self.accepted_ms, accepted),
            (&self.received_ms, received),
            (&self.sent_ms, sent),
            (&self.bytes_in, bytes_in),
            (&self.bytes_out, bytes_out),
            (&self.uid, uid),
            (&self.queued, 0),
            (&self.underway_to, 0),
        ] {
            field.store(value, Ordering::Relaxed);
        }
        for field in [&self.queue, &self.tail, &self.underway, &self.given, &self.behind] {
            field.store(0, Ordering::Relaxed);
        }
        self.descriptor.store(descriptor, Ordering::Relaxed);
        self.closing.store(if closing as u32 == ARRIVING { 0 } else { closing as u32 }, Ordering::Relaxed);
        let lasting = Flags(flags as u32 & Flags::LASTING);
        // One whose `on_close` has not run is closed by whoever comes.
        let is_closing = self.phase() != Phase::Open && lasting.0 & Flags::CLOSE_ANSWERED.0 == 0;
        self.flags.store(lasting.and(if is_closing { Flags::CLOSE_DUE } else { Flags::READABLE }).0, Ordering::Relaxed);
    }

    /// The same with these flags.
    pub(crate) fn with_flags(words: &Words, more: Flags) -> Words {
        let mut words = *words;
        words[10] |= u64::from(more.0);
        words
    }

    /// Where that session lives.
    pub(crate) fn place_of(words: &Words) -> Where {
        whereabouts(words[0], words[1], words[2])
    }

    /// Where it is to live.
    pub(crate) fn replace(words: &mut Words, listener: u8, reactor: u16, worker: u16) {
        let stays = words[2] & 0x00ff_ffff;
        words[2] = stays | u64::from(listener) << 24 | u64::from(reactor) << 32 | u64::from(worker) << 48;
    }
}
