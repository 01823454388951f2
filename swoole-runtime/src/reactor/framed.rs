//! Stop 3 of a byte's way, for a listener with a frame. What one read brings is cut where it lies on the worker's ring, a record for each
//! package. What is left behind the last whole one is moved once, to the session's tail, and what comes is received behind it until the
//! package is whole. Where each package may go to another worker, all that comes is received there, and each package copied to the ring
//! of its worker; what one read brings is a package then where the listener has no frame.
//!
//! Runs in: a reactor. If the worker is dead: as in `inbound`; packages that found no room stay in the tail, in their order.

use super::{Lane, Program, Reactor, Room, SMALLEST_READ, dispatch::Choice, inbound::Read};
use crate::{
    event::{CloseReason, ToWorker},
    frame::{Cut, Framing, Progress, Violation},
    logging,
    ring::{Tag, largest_message},
    session::{Flags, Found, Row},
    sync::Ordering,
    sys::socket,
};
use nix::errno::Errno;

/// How much is received at once behind a tail of which nobody knows how long it becomes.
const BEHIND_A_TAIL: usize = 16 << 10;

impl<P: Program> Reactor<P> {
    pub(super) fn read_framed(&mut self, found: Found, framing: Option<&Framing>) -> Read {
        let row = found.row;
        if let Some(read) = self.cut_tail(found, framing) {
            return read;
        }
        let wanted = match (self.tails.of(row), framing) {
            (Some((bytes, progress)), Some(_)) => {
                let have = bytes.len();
                progress.total().map_or(BEHIND_A_TAIL, |total| total - have).min(self.largest_read.max(BEHIND_A_TAIL))
            }
            (None, Some(framing)) if !P::MODE.is_by_package() => return self.read_in_place(found, framing),
            (tail, _) => {
                if tail.is_none() {
                    self.tails.keep(found.id, row, &[], Progress::default());
                }
                BEHIND_A_TAIL.min(self.largest_read)
            }
        };
        while self.tails.total() + self.outputs.total() + wanted as u64 > self.memory.settings.output_memory {
            // Who has the most makes room; where nobody has anything, one read more is little beside the output that waits.
            match self.tails.largest().filter(|(_, length)| *length > 0) {
                None => break,
                Some((id, _)) if id == found.id => return self.has_no_memory(found),
                Some((id, _)) => match self.sessions.find(id) {
                    Some(other) => {
                        self.has_no_memory(other);
                        self.pump(other);
                        self.end_if_through(other);
                    }
                    None => break,
                },
            }
        }
        let got = loop {
            match self.tails.receive(row, wanted, |to| socket::receive_into(row.descriptor(), to)) {
                Err(Errno::EINTR) => {}
                got => break got,
            }
        };
        match got {
            Ok(0) => Read::End,
            Ok(length) => {
                self.count_received(row, length);
                self.cut_tail(found, framing).unwrap_or_else(|| Read::of(row, length == wanted))
            }
            Err(Errno::EAGAIN) => {
                if self.tails.of(row).is_some_and(|(bytes, _)| bytes.is_empty()) {
                    self.tails.drop_tail(row);
                }
                Read::Empty
            }
            Err(_) => Read::Broken,
        }
    }

    /// Publishes what is whole of the session's tail; `Some` where that ends this read.
    fn cut_tail(&mut self, found: Found, framing: Option<&Framing>) -> Option<Read> {
        let row = found.row;
        let most = self.longest_package(row);
        loop {
            let (bytes, progress) = self.tails.of(row)?;
            let cut = match framing {
                Some(framing) => framing.cut(bytes, progress, most),
                None if bytes.is_empty() => Cut::Incomplete,
                None => Cut::Package(bytes.len()),
            };
            match cut {
                Cut::Package(length) => {
                    if P::MODE.is_by_package() && !row.has(Flags::CHOSEN) {
                        match self.chooser.choose::<P>(&self.workers, found.id, &bytes[..length]) {
                            Choice::Worker(worker) => self.move_to(found, worker),
                            Choice::Nobody => {
                                // Relaxed: a count for people, which every reactor adds to.
                                self.memory.header().discarded.fetch_add(1, Ordering::Relaxed);
                                self.tails.take(row, length);
                                continue;
                            }
                            Choice::Panic => return Some(Read::Violation(Violation::DispatchPanic)),
                        }
                        row.set(Flags::CHOSEN);
                    }
                    let (bytes, _) = self.tails.of(row)?;
                    if !self.workers[row.worker()].push_package(tag(found), &bytes[..length]) {
                        return Some(Read::NoRoom);
                    }
                    if P::MODE.is_by_package() {
                        row.clear(Flags::CHOSEN);
                        row.give(row.worker());
                    }
                    self.is_underway(row, length);
                    self.tails.take(row, length);
                }
                Cut::Incomplete => {
                    self.tails.settle(row);
                    return None;
                }
                Cut::Violation(why) => return Some(Read::Violation(why)),
            }
        }
    }

    /// Receives straight into the ring of the session's worker, and publishes what is whole of it.
    fn read_in_place(&mut self, found: Found, framing: &Framing) -> Read {
        let row = found.row;
        let most = self.longest_package(row);
        let lane = &mut self.workers[row.worker()];
        let least = SMALLEST_READ.min(self.largest_read);
        let Some(space) = lane.to.reserve(least, self.largest_read) else {
            lane.needs = Room::Bytes(least);
            return Read::NoRoom;
        };
        let length = match lane.receive(&space, row) {
            Ok(0) => return Read::End,
            Ok(length) => length,
            Err(Errno::EAGAIN) => return Read::Empty,
            Err(_) => return Read::Broken,
        };
        let (mut at, mut progress, mut ends) = (0, Progress::default(), None);
        while at < length && ends.is_none() {
            match framing.cut(&lane.to.received(&space, length)[at..], &mut progress, most) {
                Cut::Package(package) => {
                    if lane.to.publish_part(&space, at, package, tag(found)) {
                        lane.published = true;
                        at += package;
                    } else {
                        lane.needs = Room::Bytes(0);
                        ends = Some(Read::NoRoom);
                    }
                }
                Cut::Incomplete => break,
                Cut::Violation(why) => ends = Some(Read::Violation(why)),
            }
        }
        if at < length {
            self.tails.keep(found.id, row, &lane.to.received(&space, length)[at..], progress);
        }
        self.count_received(row, length);
        if at > 0 {
            self.is_underway(row, at);
        }
        ends.unwrap_or_else(|| Read::of(row, length == space.length()))
    }

    fn longest_package(&self, row: &Row) -> usize {
        self.memory.settings.listeners[usize::from(row.listener())].package_max_length
    }

    fn count_received(&self, row: &Row, length: usize) {
        // Relaxed: measures, which only this reactor writes.
        row.received_ms.store(self.now_ms, Ordering::Relaxed);
        Row::count(&row.bytes_in, length as u64);
    }

    /// What came in is no package: the session is closed behind those that came before it.
    pub(super) fn violates(&mut self, found: Found, why: Violation) {
        logging::debug!("session {}: closed: {why}", found.id);
        // Relaxed: a count for people, which every reactor adds to.
        self.memory.header().violations.fetch_add(1, Ordering::Relaxed);
        self.begin_close(found, CloseReason::Protocol);
    }

    fn has_no_memory(&mut self, found: Found) -> Read {
        let most = self.memory.settings.output_memory >> 20;
        logging::warn!("session {}: closed, the packages that are not whole yet and the output that waits exceed {most} MiB", found.id);
        // Whoever asks finds room behind this, whatever state the session is in.
        self.tails.drop_tail(found.row);
        self.close_socket(found, true);
        self.begin_close(found, CloseReason::Overflow);
        Read::Empty
    }
}

fn tag(found: Found) -> Tag {
    Tag { session: found.id.get(), kind: ToWorker::Data as u8, detail: 0, listener: found.row.listener() }
}

impl Lane {
    /// Publishes a package of the session's tail: on the ring, or where it is too large for that in a cell. `false` when there is no room.
    fn push_package(&mut self, tag: Tag, package: &[u8]) -> bool {
        match self.push_record(tag, package) {
            Ok(()) => true,
            Err(needs) => {
                self.needs = needs;
                false
            }
        }
    }

    /// Publishes a record with these bytes; what it needs where there is no room.
    pub(super) fn push_record(&mut self, tag: Tag, bytes: &[u8]) -> Result<(), Room> {
        let needs = self.room_for(bytes.len());
        let is_published = match needs {
            Room::Bytes(_) => self.to.push(tag, bytes),
            Room::Cell => self.packages.as_mut().is_some_and(|packages| packages.push(&mut self.to, tag, bytes)),
        };
        self.published |= is_published;
        if is_published { Ok(()) } else { Err(needs) }
    }

    /// What a record with so many bytes needs.
    pub(super) fn room_for(&self, length: usize) -> Room {
        if length <= largest_message(self.to.length()) { Room::Bytes(length) } else { Room::Cell }
    }
}
