//! Files on their way out: opened here, passed to the reactor beside its ring, and named by a record.
//!
//! Runs in: a worker, a task worker or a user process. If it dies here: a file that was passed and that no record names is thrown away by the reactor
//! when the next one is taken, see `reactor/files.rs`.

use super::{Lane, Outbox};
use crate::{
    error::{FileError, SendError},
    event::{FilePart, ToReactor},
    id::SessionId,
    ring::Tag,
    session::Flags,
    sync::Ordering,
    sys::file,
};
use nix::errno::Errno;
use std::{fs::File, io, os::fd::AsFd, path::Path};

impl Outbox {
    /// Passes a part of a file to the session's reactor. What is opened here is closed here: the reactor has a copy of the descriptor.
    pub(crate) fn send_file(&self, fd: SessionId, path: &Path, offset: u64, length: Option<u64>) -> Result<(), FileError> {
        self.session(fd)?;
        let (file, all) = file::open_regular(path).map_err(|e| why_not_opened(&e))?.ok_or(FileError::NotAFile)?;
        let behind = all.checked_sub(offset).ok_or(FileError::BehindEnd)?;
        let length = length.unwrap_or(behind);
        if length > behind {
            return Err(FileError::BehindEnd);
        }
        if length == 0 {
            return Ok(());
        }
        if self.has_many_files(fd)? {
            self.wait_for_buffer(|| self.has_many_files(fd))?;
        }
        let (reactor, _) = self.session(fd)?;
        self.with_room(reactor, |lane| lane.pass(fd, &file, offset, length))?
    }

    /// Whether so many files wait for this client, or for all of its reactor, that another would be too many.
    fn has_many_files(&self, fd: SessionId) -> Result<bool, SendError> {
        let (reactor, is_one_behind) =
            self.sessions.read(fd, |row| (row.reactor(), row.has(Flags::MANY_FILES))).ok_or(SendError::NoSuchSession)?;
        let mut lane = self.lanes[reactor].try_borrow_mut().map_err(|_| SendError::BufferFull)?;
        let last_passed = lane.last_passed;
        if lane.passed > 0 && lane.ring.is_consumed(last_passed) {
            lane.passed = 0;
        }
        // Relaxed: a measure; behind the look at the ring, so that what is not on its way any more is in it.
        let left = self.memory.settings.most_files.saturating_sub(lane.board.files.load(Ordering::Relaxed));
        // What every process passes that has not been taken yet is in no count: each has its share of what is left.
        let share = (left / self.memory.settings.slots() as u64).max(1);
        Ok(is_one_behind || left == 0 || lane.passed >= share)
    }
}

impl Lane {
    /// Passes the file, then publishes the record that names it: who dies in between leaves a file that nobody names. `None` while there is no
    /// room for one of them.
    fn pass(&mut self, fd: SessionId, file: &File, offset: u64, length: u64) -> Option<Result<(), FileError>> {
        self.ring.reserve(FilePart::BYTES, FilePart::BYTES)?;
        let part = FilePart { number: self.next_file, offset, length };
        match self.files?.send(part.message(), Some(file.as_fd())) {
            Ok(()) => self.next_file += 1,
            // More are on their way than the kernel keeps.
            Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ETOOMANYREFS) => return None,
            Err(errno) => return Some(Err(FileError::System(errno as i32))),
        }
        let tag = Tag { session: fd.get(), kind: ToReactor::SendFile as u8, detail: 0, listener: 0 };
        let is_pushed = self.ring.push(tag, &part.to_bytes());
        if is_pushed {
            (self.passed, self.last_passed) = (self.passed + 1, self.ring.last());
        }
        is_pushed.then_some(Ok(()))
    }
}

fn why_not_opened(e: &io::Error) -> FileError {
    match e.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::NotFound,
        // A zero byte in the name.
        io::ErrorKind::InvalidInput if e.raw_os_error().is_none() => FileError::NotFound,
        io::ErrorKind::PermissionDenied => FileError::Denied,
        _ => FileError::System(e.raw_os_error().unwrap_or(0)),
    }
}
