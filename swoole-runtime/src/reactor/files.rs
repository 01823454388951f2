//! `sendfile`: files that workers have opened and passed, by a line of their own beside each ring, and the sessions that are sent them.
//!
//! Runs in: a reactor. If the sender is dead: a file is passed before its record is published, so what is published is sent as ever. A file
//! without a record is closed when the successor's first one is taken, or with the line.

use super::{Lane, Program, Reactor};
use crate::{
    event::{CloseReason, FilePart},
    logging,
    ring::Record,
    session::{Flags, Found},
    sync::Ordering,
    sys::{
        file,
        packet::{self, Packets},
    },
};
use std::fs::File;

/// How many files without a record are passed over. A process leaves one when it dies, at most, and its successor goes on behind it.
const MOST_WITHOUT: usize = 1024;

/// What a worker has passed with one record.
enum Passed {
    File(File),
    /// This process has no descriptor left for it.
    NoDescriptor,
}

impl Lane {
    /// What this record asks for, and the file; says what cannot be.
    fn passed(&mut self, record: &Record) -> Result<(FilePart, Passed), &'static str> {
        let mut bytes = [0; FilePart::BYTES];
        let whole = self.from.piece(record).filter(|piece| !record.elsewhere && piece.length() == bytes.len());
        whole.ok_or("a record of a file is of another length")?.copy_to(&mut bytes);
        let part = FilePart::from_bytes(&bytes).ok_or("a record names a part that no file has")?;
        Ok((part, take(&self.files, part.message())?))
    }
}

/// The file that was passed with this message; says what cannot be.
fn take(line: &Packets, wanted: [u8; packet::LENGTH]) -> Result<Passed, &'static str> {
    for _ in 0..MOST_WITHOUT {
        let Some((message, fd)) = line.receive() else { break };
        // One of another number is closed: its sender died before it published the record.
        if message != wanted {
            continue;
        }
        let Some(fd) = fd else { return Ok(Passed::NoDescriptor) };
        let file = File::from(fd);
        // What is no file could keep the reactor waiting.
        return match file::length_of_regular(&file) {
            Ok(Some(_)) => Ok(Passed::File(file)),
            _ => Err("what was passed is no file"),
        };
    }
    Err("a record names a file that was not passed")
}

impl<P: Program> Reactor<P> {
    /// Has a part of a file sent behind all that waits for the session; the file is taken from its line in any case.
    pub(super) fn take_file(&mut self, slot: usize, record: &Record, found: Option<Found>) {
        let (part, passed) = match self.workers[slot].passed(record) {
            Ok(passed) => passed,
            Err(why) => return self.distrust(slot, why),
        };
        let Some(found) = found.filter(|found| !found.row.has(Flags::SOCKET_GONE) && found.row.phase().takes_output()) else { return };
        // Those who pass files keep to the bound, but for one each: a process gone wild does not.
        let is_one_too_many = self.outputs.files() >= self.memory.settings.most_files + self.memory.settings.slots() as u64;
        let (Passed::File(file), false) = (passed, is_one_too_many) else {
            logging::warn!("session {}: closed, the master has no descriptor left for a file that was to be sent", found.id);
            self.cut_off(found, true, CloseReason::Overflow);
            return;
        };
        let is_first = !Self::has_output(found.row);
        // Relaxed: a measure, which only this reactor writes.
        found.row.sent_ms.store(self.now_ms, Ordering::Relaxed);
        self.outputs.append_file(found.row, file, part);
        // Before the record counts as taken: who passes files looks at both.
        self.publish_queued();
        if is_first && self.flush(found) {
            return;
        }
        self.look_at_high_watermark(found);
    }

    /// A stream with a hole in it is worse than its end. Says whether the session has ended by that.
    pub(super) fn file_failed(&mut self, found: Found, why: &str) -> bool {
        logging::warn!("session {}: closed, {why}", found.id);
        self.cut_off(found, true, CloseReason::Server)
    }

    /// The kernel would take more of a file: in the next turn.
    pub(super) fn writes_on(&mut self, found: Found) {
        if !found.row.has(Flags::WRITES_ON) {
            found.row.set(Flags::WRITES_ON);
            self.writing_on.push(found.id);
        }
    }

    /// Goes on with the sessions that had more of a file than one turn sends.
    pub(super) fn write_on(&mut self) {
        if self.writing_on.is_empty() {
            return;
        }
        core::mem::swap(&mut self.writing_on, &mut self.writing_now);
        for at in 0..self.writing_now.len() {
            if let Some(found) = self.sessions.find(self.writing_now[at])
                && found.row.has(Flags::WRITES_ON)
            {
                found.row.clear(Flags::WRITES_ON);
                if Self::has_output(found.row) {
                    self.flush(found);
                }
            }
        }
        self.writing_now.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{io::Read, os::fd::AsFd};

    fn part(number: u64) -> FilePart {
        FilePart { number, offset: 0, length: 1 }
    }

    #[test]
    fn a_file_without_a_record_is_passed_over_and_closed() {
        let (worker, reactor) = packet::pair().expect("sockets can be made");
        let (mut closes, left) = std::io::pipe().expect("a pipe can be made");
        let own = File::open("/proc/self/exe").expect("it is there");
        worker.send(part(1 << 32).message(), Some(left.as_fd())).expect("there is room");
        drop(left);
        worker.send(part(2 << 32).message(), Some(own.as_fd())).expect("there is room");
        assert!(matches!(take(&reactor, part(2 << 32).message()), Ok(Passed::File(_))));
        assert_eq!(closes.read(&mut [0]).expect("it can be read"), 0, "nobody has the other end any more");
    }

    #[test]
    fn what_was_not_passed_or_is_no_file_is_not_believed() {
        let (worker, reactor) = packet::pair().expect("sockets can be made");
        assert!(take(&reactor, part(1).message()).is_err());
        let (pipe, _other) = std::io::pipe().expect("a pipe can be made");
        worker.send(part(2).message(), Some(pipe.as_fd())).expect("there is room");
        assert!(take(&reactor, part(2).message()).is_err());
        worker.send(part(3).message(), None).expect("there is room");
        assert!(matches!(take(&reactor, part(3).message()), Ok(Passed::NoDescriptor)), "as where the kernel found no number for it");
        // One that never names what it passes keeps nobody here.
        let own = File::open("/proc/self/exe").expect("it is there");
        while worker.send(part(4).message(), Some(own.as_fd())).is_ok() {}
        assert!(take(&reactor, part(5).message()).is_err());
    }
}
