//! Stop 7 of a byte's way: write. Takes: records on the rings of workers and the manager, every field of them input. Gives: bytes to the
//! socket, straight from shared memory; what the kernel refuses is copied to the session's queue.
//!
//! Runs in: a reactor. If the sender is dead: what it has published is sent as ever.

use super::{
    Program, Reactor,
    output::{self, Broken, Flushed},
};
use crate::{
    event::{CloseReason, ToReactor},
    id::SessionId,
    logging,
    process::Claim,
    ring::Record,
    session::{Flags, Found, Phase, Row},
    shm::Piece,
    sync::Ordering,
};
use nix::errno::Errno;

/// How many bytes of several calls go to the kernel together.
const LARGEST_RUN: usize = 64 << 10;

impl<P: Program> Reactor<P> {
    /// Carries out the oldest record of this worker; `false` when there is none.
    pub(super) fn take_one(&mut self, slot: usize) -> bool {
        let lane = &mut self.workers[slot];
        if lane.is_shut() {
            return false;
        }
        let record = match lane.from.peek() {
            Ok(Some(record)) => record,
            Ok(None) => return false,
            Err(_) => {
                self.distrust(slot, "its ring has more records than slots");
                return false;
            }
        };
        let records = self.carry_out(slot, &record);
        self.workers[slot].from.advance_by(records);
        true
    }

    pub(super) fn take_from_manager(&mut self) {
        loop {
            let record = match self.manager.peek() {
                Ok(Some(record)) => record,
                Ok(None) => return,
                Err(_) => {
                    if !core::mem::replace(&mut self.said_manager_is_wild, true) {
                        logging::error!("the manager wrote nonsense into shared memory: nothing more is taken from its ring");
                    }
                    return;
                }
            };
            if let Some(found) = self.mine(&record) {
                match ToReactor::from_u8(record.tag.kind) {
                    Some(ToReactor::Close) => self.close(found, reason(&record)),
                    Some(ToReactor::CloseNow) => self.close_now(found),
                    Some(ToReactor::Closed) => self.closed(found),
                    _ => {}
                }
            }
            self.manager.advance();
        }
    }

    /// Carries out a record, and what goes together with it; says how many records that were.
    fn carry_out(&mut self, slot: usize, record: &Record) -> u64 {
        let kind = ToReactor::from_u8(record.tag.kind);
        let found = self.mine(record);
        match (kind, found) {
            (Some(ToReactor::Send), Some(found)) => {
                // What was sent in several calls is one for the kernel.
                let (run, records) = self.workers[slot].from.run(record, LARGEST_RUN);
                match self.workers[slot].from.piece(&run) {
                    Some(piece) => self.send(found, piece),
                    None => self.distrust(slot, "a record points outside its ring"),
                }
                return records;
            }
            (Some(ToReactor::SendLarge), found) => {
                let cells = self.memory.cells(slot);
                let cell = usize::from(record.tag.detail);
                match (cells.piece(cell, record.length as usize), found) {
                    (Some(piece), Some(found)) => self.send(found, piece),
                    (Some(_), None) => {}
                    (None, _) => self.distrust(slot, "a record names a cell that is none"),
                }
                cells.give_back(cell);
            }
            (Some(ToReactor::SendFile), found) => self.take_file(slot, record, found),
            (Some(ToReactor::Close), Some(found)) => self.close(found, reason(record)),
            (Some(ToReactor::CloseNow), Some(found)) => self.close_now(found),
            (Some(ToReactor::Closed), Some(found)) if found.row.worker() == slot => self.closed(found),
            (Some(ToReactor::Pause), Some(found)) => self.pause(found, record.tag.detail == 0),
            (Some(ToReactor::Protect), Some(found)) => self.protect(found, record.tag.detail != 0),
            (Some(ToReactor::Bind), Some(found)) => {
                let mut uid = [0; 8];
                match self.workers[slot].from.piece(record).filter(|piece| piece.length() == uid.len() && !record.elsewhere) {
                    Some(piece) => {
                        piece.copy_to(&mut uid);
                        self.bind(found, u64::from_le_bytes(uid));
                    }
                    None => self.distrust(slot, "a record names a user by other than 8 bytes"),
                }
            }
            (Some(ToReactor::Through), Some(found)) if Self::MOVES && found.row.worker() == slot && found.row.has(Flags::AWAITS_WORKER) => {
                self.through(found);
            }
            (None, _) => self.distrust(slot, "a record of no kind"),
            // The session has ended meanwhile, or is another worker's.
            _ => {}
        }
        1
    }

    /// What a worker's memory says cannot be: its process has gone wild. Nothing more is taken from it until its slot has another owner;
    /// the manager, which is told, ends it.
    pub(super) fn distrust(&mut self, slot: usize, why: &str) {
        let Claim { generation, pid } = self.memory.slot(slot).owner.read();
        logging::error!("worker {slot} (pid {}) wrote nonsense into shared memory: {why}; nothing more is taken from it", pid.unwrap_or(0));
        self.workers[slot].gone_wild = Some(generation);
        self.workers[slot].from.distrust(generation);
        self.memory.bells.manager.ring();
    }

    /// The session that a record is about, if it is one of this reactor's. One that the master is still handing over is none yet.
    fn mine(&self, record: &Record) -> Option<Found> {
        let found = self.sessions.find(SessionId::new(record.tag.session)?)?;
        (found.row.reactor() == self.index && found.row.phase() != Phase::Arriving).then_some(found)
    }

    fn send(&mut self, found: Found, piece: Piece) {
        let row = found.row;
        if row.has(Flags::SOCKET_GONE) || !row.phase().takes_output() {
            return;
        }
        let sent = if Self::has_output(row) {
            0
        } else {
            match output::send(row.descriptor(), &piece) {
                Ok(sent) => sent,
                Err(Errno::EAGAIN) => 0,
                Err(_) => {
                    self.cut_off(found, false, CloseReason::Peer);
                    return;
                }
            }
        };
        // Relaxed: measures, which only this reactor writes.
        row.sent_ms.store(self.now_ms, Ordering::Relaxed);
        Row::count(&row.bytes_out, sent as u64);
        if sent == piece.length() {
            return;
        }
        let rest = piece.after(sent);
        if self.outputs.total() + self.tails.total() + rest.length() as u64 > self.memory.settings.output_memory {
            logging::warn!(
                "session {}: closed, the output that waits and the packages that are not whole yet exceed {} MiB",
                found.id,
                self.memory.settings.output_memory >> 20
            );
            self.cut_off(found, true, CloseReason::Overflow);
            return;
        }
        self.outputs.append(row, &rest);
        self.publish_queued();
        self.look_at_high_watermark(found);
    }

    /// Behind more output for a session: tells its worker where so much waits now. What lies in files counts as all else does.
    pub(super) fn look_at_high_watermark(&mut self, found: Found) {
        let row = found.row;
        // Relaxed: only this reactor writes it.
        if P::WATERMARKS && row.queued() >= self.memory.settings.watermarks.0 && !row.has(Flags::IS_FULL) {
            row.set(Flags::IS_FULL.and(Flags::FULL_DUE));
            self.pump(found);
        }
    }

    /// Nothing of the session is read until it is to be read on.
    fn pause(&mut self, found: Found, is_paused: bool) {
        if found.row.has(Flags::PAUSED) && !is_paused {
            self.is_heard(found.row);
        }
        set(found.row, Flags::PAUSED, is_paused);
        self.pump(found);
    }

    /// Its silence is counted from now on.
    fn is_heard(&self, row: &Row) {
        // Relaxed: a measure, which only this reactor writes.
        row.received_ms.store(self.now_ms, Ordering::Relaxed);
    }

    fn protect(&mut self, found: Found, is_protected: bool) {
        if found.row.has(Flags::PROTECTED) && !is_protected {
            self.is_heard(found.row);
        }
        set(found.row, Flags::PROTECTED, is_protected);
    }

    pub(super) fn has_output(row: &Row) -> bool {
        // Relaxed: only this reactor writes it.
        row.queue.load(Ordering::Relaxed) != 0
    }

    /// Sends what waits, as far as the kernel takes it; says whether the session has ended by that, and its row with it.
    pub(super) fn flush(&mut self, found: Found) -> bool {
        match self.outputs.flush(found.row) {
            Ok(Flushed { sent, goes_on }) => {
                Row::count(&found.row.bytes_out, sent);
                if goes_on {
                    self.writes_on(found);
                }
            }
            // What came in before is still read: the worker hears of the end in its order.
            Err(Broken::Socket) => return self.cut_off(found, false, CloseReason::Peer),
            Err(Broken::Shorter) => {
                return self.file_failed(found, "the file that was being sent has become shorter than what was asked for");
            }
            Err(Broken::File(errno)) => return self.file_failed(found, &format!("the file that was being sent cannot be read: {errno}")),
        }
        self.publish_queued();
        let row = found.row;
        // Relaxed: only this reactor writes it.
        if P::WATERMARKS && row.has(Flags::IS_FULL) && row.queued() <= self.memory.settings.watermarks.1 {
            row.clear(Flags::IS_FULL);
            row.set(Flags::EMPTY_DUE);
            self.pump(found);
        }
        self.end_if_through(found)
    }
}

fn set(row: &Row, flags: Flags, on: bool) {
    if on { row.set(flags) } else { row.clear(flags) }
}

fn reason(record: &Record) -> CloseReason {
    CloseReason::from_u8(record.tag.detail).unwrap_or(CloseReason::Server)
}

impl super::Lane {
    /// Whether the process that wrote nonsense still holds the slot. Opens again with the next generation.
    pub(super) fn is_shut(&mut self) -> bool {
        if self.gone_wild.is_some_and(|generation| self.owner.read().generation != generation) {
            self.gone_wild = None;
        }
        self.gone_wild.is_some()
    }
}
