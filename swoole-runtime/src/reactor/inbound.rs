//! Stops 2 to 4 of a byte's way: receive, frame (where the listener has none, what one read brings is one package; else see `framed`), publish.
//!
//! Takes: a socket that may have something. Gives: records on the ring of the session's worker, in the order they came. Runs in: a
//! reactor. If the worker is dead: its ring fills, and its sessions wait in a list for its successor; the others do not notice.

use super::{Lane, Program, Reactor, Room, SMALLEST_READ};
use crate::{
    event::{CloseReason, ToWorker},
    frame::Violation,
    ring::{Space, Tag},
    session::{Flags, Found, Phase, Row},
};
use nix::errno::Errno;

/// What one read came to.
pub(super) enum Read {
    /// More may be there; others come first.
    Full,
    /// Nothing more for now.
    Empty,
    /// Maybe more, and only the end says so.
    Again,
    NoRoom,
    End,
    Broken,
    /// What came in is no package.
    Violation(Violation),
}

/// Of a session with one of these nothing is read.
const NOT_READ: Flags = Flags::CLOSE_DUE.and(Flags::CLOSE_PUBLISHED).and(Flags::SOCKET_GONE).and(Flags::PAUSED);

impl Read {
    /// Of a read that brought something.
    pub(super) fn of(row: &Row, full: bool) -> Self {
        match (full, row.has(Flags::READ_TO_END.and(Flags::IS_UNIX))) {
            (true, _) => Self::Full,
            (false, true) => Self::Again,
            // Shorter than asked, and no sign of an end: TCP has no more, and the next byte is an edge.
            (false, false) => Self::Empty,
        }
    }
}

impl Lane {
    pub(super) fn receive(&mut self, space: &Space, row: &Row) -> Result<usize, Errno> {
        loop {
            match self.to.receive(space, row.descriptor()) {
                Err(Errno::EINTR) => {}
                got => return got,
            }
        }
    }

    /// Raised anew for this sleep: the worker answers each raise once.
    pub(super) fn asks_for_room(&self) {
        self.to.wants_room().lower();
        self.to.wants_room().raise();
    }

    pub(super) fn has_room<P: Program>(&mut self, needs: Room) -> bool {
        match (needs, &self.packages) {
            (Room::Bytes(length), _) => self.to.reserve(length, length).is_some(),
            (Room::Cell, Some(packages)) if P::CELLS => packages.free(&mut self.to).is_some() && self.to.reserve(0, 0).is_some(),
            (Room::Cell, _) => true,
        }
    }
}

impl<P: Program> Reactor<P> {
    /// Does for this session whatever is due and possible: connect, then data, then close, so that they are published in this order.
    pub(super) fn pump(&mut self, found: Found) {
        let row = found.row;
        if row.has(Flags::WAITS_FOR_ROOM) {
            if !self.is_first_waiting(found) {
                return;
            }
        } else if self.is_behind_others(row) {
            return self.wait_for_room(found);
        }
        if self.publish_due(found) {
            self.no_longer_waits(found);
        } else {
            self.wait_for_room(found);
        }
    }

    /// Whether all that was due found room.
    fn publish_due(&mut self, found: Found) -> bool {
        let row = found.row;
        if Self::MOVES && row.has(Flags::AWAITS_WORKER) || self.is_mute() {
            return true;
        }
        if row.has(Flags::CONNECT_DUE) {
            if P::HAS_EVENTS && !self.publish(found, ToWorker::Connect, 0) {
                return false;
            }
            row.clear(Flags::CONNECT_DUE);
        }
        if Self::MOVES && row.has(Flags::THROUGH_DUE) {
            return self.ask_worker(found);
        }
        if P::WATERMARKS && !self.publish_watermarks(found) {
            return false;
        }
        while row.has(Flags::READABLE) && !row.has(NOT_READ) && !self.is_quiet() && !self.is_held_back(found) {
            let framing = if P::FRAMES { P::frame(row.listener()) } else { None };
            let read = match framing {
                None if !P::MODE.is_by_package() => self.read(found),
                framing => self.read_framed(found, framing),
            };
            match read {
                Read::Again => {}
                Read::Empty => row.clear(Flags::READABLE.and(Flags::READ_TO_END)),
                Read::NoRoom => return false,
                Read::Full => {
                    self.reads_on(found);
                    break;
                }
                Read::End => self.begin_close(found, CloseReason::Peer),
                Read::Broken => {
                    self.close_socket(found, false);
                    self.begin_close(found, CloseReason::Peer);
                }
                Read::Violation(why) if P::FRAMES || P::MODE.is_by_package() => self.violates(found, why),
                Read::Violation(_) => {}
            }
        }
        if row.has(Flags::CLOSE_DUE)
            && let Phase::Closing(reason) = row.phase()
        {
            if P::MODE.is_by_package()
                && let Some(is_asked) = self.ask_around(found)
            {
                return is_asked;
            }
            if !P::HAS_EVENTS {
                self.unheard.push(found.id);
            } else if !self.publish(found, ToWorker::Close, reason as u8) {
                return false;
            }
            row.clear(Flags::CLOSE_DUE);
            row.set(Flags::CLOSE_PUBLISHED);
        }
        true
    }

    /// Whether what is due of watermarks found room.
    fn publish_watermarks(&mut self, found: Found) -> bool {
        for (due, kind) in [(Flags::FULL_DUE, ToWorker::BufferFull), (Flags::EMPTY_DUE, ToWorker::BufferEmpty)] {
            if found.row.has(due) && found.row.phase() == Phase::Open && !self.publish(found, kind, 0) {
                return false;
            }
            found.row.clear(due);
        }
        true
    }

    /// Receives straight into the ring of the session's worker.
    fn read(&mut self, found: Found) -> Read {
        let row = found.row;
        let lane = &mut self.workers[row.worker()];
        let least = SMALLEST_READ.min(self.largest_read);
        let Some(space) = lane.to.reserve(least, self.largest_read) else {
            lane.needs = Room::Bytes(least);
            return Read::NoRoom;
        };
        let got = lane.receive(&space, row);
        match got {
            Ok(0) => Read::End,
            Ok(length) => {
                let full = length == space.length();
                let tag = Tag { session: found.id.get(), kind: ToWorker::Data as u8, detail: 0, listener: row.listener() };
                lane.to.publish(space, length, tag);
                lane.published = true;
                // Relaxed: measures, which only this reactor writes.
                row.received_ms.store(self.now_ms, crate::sync::Ordering::Relaxed);
                Row::count(&row.bytes_in, length as u64);
                self.is_underway(row, length);
                Read::of(row, full)
            }
            Err(Errno::EAGAIN) => Read::Empty,
            Err(_) => Read::Broken,
        }
    }

    /// A record without bytes.
    pub(super) fn publish(&mut self, found: Found, kind: ToWorker, detail: u8) -> bool {
        let lane = &mut self.workers[found.row.worker()];
        let published = lane.to.push(Tag { session: found.id.get(), kind: kind as u8, detail, listener: found.row.listener() }, &[]);
        lane.published |= published;
        if !published {
            lane.needs = Room::Bytes(0);
        } else if P::MODE.is_by_package() {
            found.row.give(found.row.worker());
        }
        published
    }

    fn reads_on(&mut self, found: Found) {
        if !found.row.has(Flags::READS_ON) {
            found.row.set(Flags::READS_ON);
            self.reading_on.push(found.id);
        }
    }

    /// Whether others wait for room on the ring to its worker. Where each package may go to another worker, who waits at one is not before those
    /// who may not go there.
    fn is_behind_others(&self, row: &Row) -> bool {
        let slot = row.worker();
        !P::MODE.is_by_package() && (self.workers[slot].waiting.0 != 0 || P::PACKETS && self.is_waited_for_by_packets(slot))
    }

    fn is_first_waiting(&self, found: Found) -> bool {
        self.workers[found.row.worker()].waiting.0 as usize == found.index + 1
    }

    /// The first session of this worker that found no room.
    pub(super) fn first_waiting(&self, slot: usize) -> Option<Found> {
        self.sessions.at((self.workers[slot].waiting.0 as usize).checked_sub(1)?)
    }

    fn wait_for_room(&mut self, found: Found) {
        let row = found.row;
        if row.has(Flags::WAITS_FOR_ROOM) {
            return;
        }
        row.set(Flags::WAITS_FOR_ROOM);
        let this = found.index as u32 + 1;
        let (first, last) = self.workers[row.worker()].waiting;
        if let Some(last) = (last as usize).checked_sub(1).and_then(|last| self.sessions.at(last)) {
            last.row.wait_before(this);
        }
        let lane = &mut self.workers[row.worker()];
        lane.waiting = (if first == 0 { this } else { first }, this);
        lane.began_to_wait += 1;
    }

    pub(super) fn no_longer_waits(&mut self, found: Found) {
        let row = found.row;
        if !row.has(Flags::WAITS_FOR_ROOM) {
            return;
        }
        row.clear(Flags::WAITS_FOR_ROOM);
        let behind = row.take_behind();
        let lane = &mut self.workers[row.worker()];
        lane.waiting = if behind == 0 { (0, 0) } else { (behind, lane.waiting.1) };
        lane.waited += 1;
    }
}
