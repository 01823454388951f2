//! Stops 2 to 4 of a packet's way: receive a batch, choose a worker for each by its source, publish.
//!
//! Takes: a datagram socket that may have something. Gives: records on the rings of the workers, those of one source in the order they came.
//! Runs in: a reactor. If the worker is dead: its ring fills, and what comes for it waits in the batch, and behind that in the socket's
//! buffer, for its successor. The worker answers by the socket itself, so nothing comes back this way.

use super::{Program, Reactor, Room};
use crate::{
    event::ToWorker,
    layout::Memory,
    logging,
    process::Lifecycle,
    ring::Tag,
    sync::Ordering,
    sys::datagram::{Batch, Kind, parts},
};
use core::time::Duration;
use mio::{Interest, Registry, Token, unix::SourceFd};
use nix::errno::Errno;
use std::{
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::Arc,
};

/// The token of the first listener's socket, and so on down: no session has these ids.
const FIRST: usize = usize::MAX;

/// How long a socket rests from which nothing can be received.
const REST: Duration = Duration::from_millis(100);

/// How many batches of one socket come before those of the next.
const BATCHES_A_TURN: usize = 4;

/// A datagram socket that this reactor watches.
pub(super) struct Inlet {
    listener: u8,
    kind: Kind,
    socket: Arc<OwnedFd>,
    batch: Batch,
    /// More may be there: an edge comes only once.
    is_readable: bool,
    /// Not before then, after an error that may last.
    rests_until_ms: u64,
    /// Where the oldest packet of the batch stands, if it found no room.
    waits_for: Option<Place>,
}

/// In the line for the room on the ring to a worker: behind the sessions and the batches that waited for it before, and before those that
/// came to wait later. What is left of a batch is one of the line, as a read of a session is.
#[derive(Clone, Copy)]
struct Place {
    slot: usize,
    needs: Room,
    /// Behind so many sessions of all that ever waited there.
    behind: u64,
    /// Behind the batches with a smaller number.
    number: u64,
}

/// Those of this reactor.
pub(super) fn inlets(memory: &'static Memory, index: usize, registry: &Registry) -> io::Result<Vec<Inlet>> {
    let mut inlets = Vec::new();
    for (listener, socket) in memory.sockets.all().into_iter().enumerate() {
        let Some(kind) = memory.settings.listeners[listener].datagrams else { continue };
        if let Some(socket) = socket.filter(|_| listener % memory.settings.reactors == index) {
            registry.register(&mut SourceFd(&socket.as_raw_fd()), Token(FIRST - listener), Interest::READABLE)?;
            let batch = Batch::new(kind);
            inlets.push(Inlet { listener: listener as u8, kind, socket, batch, is_readable: true, rests_until_ms: 0, waits_for: None });
        }
    }
    Ok(inlets)
}

/// Which worker gets the packets of this source.
fn worker_of(source: &[u8], workers: usize) -> usize {
    let mut hash = 0_u64;
    for chunk in source.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    // The upper half, in which every byte has a part.
    (((hash >> 32) * workers as u64) >> 32) as usize
}

impl<P: Program> Reactor<P> {
    /// Whether the token is that of a datagram socket, of which is remembered then that it has something.
    pub(super) fn packets_have_come(&mut self, token: Token) -> bool {
        let listener = FIRST - token.0;
        if listener > usize::from(u8::MAX) {
            return false;
        }
        for inlet in self.inlets.iter_mut().filter(|inlet| usize::from(inlet.listener) == listener) {
            inlet.is_readable = true;
        }
        true
    }

    /// Whether there is something to receive, and room for it as far as is known.
    pub(super) fn has_packets_to_take(&self) -> bool {
        self.takes_packets
            && !self.is_quiet()
            && self.inlets.iter().any(|inlet| inlet.is_readable && inlet.waits_for.is_none() && inlet.rests_until_ms <= self.now_ms)
    }

    /// How long it is until a socket that rests is tried again, at most.
    pub(super) fn until_packets_are_tried(&self) -> Option<Duration> {
        let rests = self.takes_packets && self.inlets.iter().any(|inlet| inlet.rests_until_ms > self.now_ms);
        rests.then_some(REST)
    }

    /// The batch that is the next one to find room on the ring to this worker; `None` where none waits, or sessions come first.
    pub(super) fn first_waiting_packets(&self, slot: usize) -> Option<usize> {
        let waiting = self.inlets.iter().enumerate().filter_map(|(at, inlet)| Some((at, inlet.waits_for?)));
        let (at, first) = waiting.filter(|(_, place)| place.slot == slot).min_by_key(|(_, place)| place.number)?;
        self.is_turn_of(&first).then_some(at)
    }

    /// What the batch needs that is the next one.
    pub(super) fn packets_need(&self, slot: usize) -> Option<Room> {
        Some(self.inlets[self.first_waiting_packets(slot)?].waits_for?.needs)
    }

    /// Whether all have been served that stood before it.
    fn is_turn_of(&self, place: &Place) -> bool {
        let is_first = |other: &Place| other.slot != place.slot || other.number >= place.number;
        self.workers[place.slot].waited >= place.behind && self.inlets.iter().filter_map(|inlet| inlet.waits_for.as_ref()).all(is_first)
    }

    /// Whether a packet waits for room on the ring to this worker.
    pub(super) fn is_waited_for_by_packets(&self, slot: usize) -> bool {
        self.inlets.iter().any(|inlet| inlet.waits_for.is_some_and(|place| place.slot == slot))
    }

    /// Receives and publishes what is there and finds room; once the server is to end, only what was received before. Says how many came.
    pub(super) fn take_packets(&mut self) -> u64 {
        if self.inlets.is_empty() {
            return 0;
        }
        // Relaxed, here and below: a count that only this reactor writes.
        let before = self.board.packets.load(Ordering::Relaxed);
        self.takes_packets &= self.memory.header().lifecycle() < Lifecycle::Finishing;
        for at in 0..self.inlets.len() {
            let mut batches = 0;
            while self.publish_packets(at) && batches < BATCHES_A_TURN && self.receive_packets(at) {
                batches += 1;
            }
        }
        self.say_that_none_is_held();
        self.board.packets.load(Ordering::Relaxed) - before
    }

    /// What the master waits for before the workers stop.
    pub(super) fn say_that_none_is_held(&self) {
        if !self.takes_packets && self.inlets.iter().all(|inlet| inlet.batch.is_empty()) {
            // Release, label "packets": behind what was published.
            self.board.holds_packets.store(0, Ordering::Release);
        }
    }

    #[cfg(feature = "cli")]
    pub(super) fn holds_no_packets(&self) -> bool {
        self.inlets.iter().all(|inlet| inlet.batch.is_empty())
    }

    /// `false` when there was nothing.
    fn receive_packets(&mut self, at: usize) -> bool {
        let is_quiet = self.is_quiet();
        let inlet = &mut self.inlets[at];
        if !self.takes_packets || is_quiet || !inlet.is_readable || inlet.rests_until_ms > self.now_ms {
            return false;
        }
        match inlet.batch.receive(inlet.socket.as_fd()) {
            Ok(received) => {
                inlet.rests_until_ms = 0;
                // Fewer than asked for: there were no more, and the next is an edge.
                inlet.is_readable = received.is_full;
                // Relaxed, all of them: counts for people, which only this reactor writes.
                let count = |count: &crate::sync::AtomicU64, more| count.store(count.load(Ordering::Relaxed) + more, Ordering::Relaxed);
                count(&self.board.packets, received.packets);
                count(&self.board.packets_lost, received.lost);
                true
            }
            Err(Errno::EAGAIN) => {
                inlet.is_readable = false;
                false
            }
            // Interrupted, or what the network says of a packet that was sent: behind it there may be more.
            Err(Errno::EINTR | Errno::ECONNREFUSED | Errno::EHOSTUNREACH | Errno::ENETUNREACH | Errno::EHOSTDOWN | Errno::ENETDOWN) => true,
            Err(errno) => {
                // No memory, for one: what has come lies in the socket, and no edge will say so again.
                if inlet.rests_until_ms == 0 {
                    let name = self.memory.settings.listeners[usize::from(inlet.listener)].name;
                    logging::error!("the listener `{name}` receives no packets: {errno}; trying again ten times a second");
                }
                inlet.rests_until_ms = self.now_ms + REST.as_millis() as u64;
                false
            }
        }
    }

    /// Whether the whole batch found room.
    pub(super) fn publish_packets(&mut self, at: usize) -> bool {
        let mut place = self.inlets[at].waits_for.take();
        while let Some(record) = self.inlets[at].batch.first() {
            let inlet = &self.inlets[at];
            let source = parts(record, inlet.kind).map_or(&[][..], |(source, _)| source);
            let slot = worker_of(source, self.memory.settings.workers);
            let its = place.filter(|place| place.slot == slot).unwrap_or_else(|| {
                self.batches_placed += 1;
                let lane = &self.workers[slot];
                Place { slot, needs: lane.room_for(record.len()), behind: lane.began_to_wait, number: self.batches_placed }
            });
            place = Some(its);
            let tag = Tag { session: 0, kind: ToWorker::Packet as u8, detail: 0, listener: inlet.listener };
            if !self.is_turn_of(&its) || self.workers[slot].push_record(tag, record).is_err() {
                let needs = self.workers[slot].room_for(record.len());
                self.inlets[at].waits_for = Some(Place { needs, ..its });
                return false;
            }
            self.inlets[at].batch.advance();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_sources_come_to_all_workers_and_one_to_one() {
        for workers in [1, 2, 3, 7, 16] {
            let mut counts = vec![0_u32; workers];
            for port in 0..4096_u16 {
                let [high, low] = port.to_be_bytes();
                let name = [2, 0, high, low, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
                let worker = worker_of(&name, workers);
                assert_eq!(worker, worker_of(&name, workers));
                counts[worker] += 1;
            }
            let fair = 4096 / workers as u32;
            assert!(counts.iter().all(|&count| count > fair / 2 && count < fair * 2), "{counts:?}");
        }
    }
}
