//! A master that takes the place of another: it waits until its workers are ready, says so, and is given the sessions.
//!
//! If the other one dies here: before it has passed all, this server ends; behind that it goes on, since nobody else has them.

use crate::{
    error::{Error, Result},
    event::State,
    id::SessionId,
    layout::Memory,
    process::word,
    reactor::Parcel,
    sys::{handover::Line, listener::Placed},
};
use core::time::Duration;
use std::{
    io,
    os::{fd::OwnedFd, unix::process::parent_id},
    rc::Rc,
};

/// How long the other side may take to do what it has begun.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked for what comes next.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// What this server is to go on with.
pub(crate) struct Arrival {
    line: Rc<Line>,
    /// The other one.
    parent: u32,
    /// Which listener of this server each of the other one's is.
    listeners: Vec<Option<u8>>,
    /// How many workers that one has.
    workers: usize,
    /// Its files at which this one does not listen.
    left: Vec<Placed>,
    is_ready: bool,
    taken: Option<Taken>,
}

/// What it was given.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) parcels: Vec<Parcel>,
    /// The number of the next session.
    pub(super) next: Option<SessionId>,
    pub(super) counters: Vec<u64>,
}

impl Arrival {
    pub(crate) fn new(line: Rc<Line>, listeners: Vec<Option<u8>>, workers: usize, left: Vec<Placed>) -> Self {
        Self { line, parent: parent_id(), listeners, workers, left, is_ready: false, taken: None }
    }

    /// What is to be gone on with, once it is this server's own; `None` while it is not.
    ///
    /// # Errors
    /// When it never will be.
    pub(super) fn follow(&mut self, memory: &'static Memory) -> Result<Option<Taken>> {
        let lost = |e: io::Error| Error::start_io("the server that was to be taken over is lost", e, "");
        if !self.is_ready {
            self.is_ready = memory.serving_slots().all(|slot| memory.worker(slot).state() == State::Ready);
            if !self.is_ready {
                return Ok(None);
            }
            self.line.send(word::READY, &[], &[], PATIENCE).map_err(lost)?;
        }
        if self.taken.is_none() {
            let Some(message) = self.line.receive(Duration::ZERO).map_err(lost)? else { return Ok(None) };
            let taken = self.take(memory, &message.bytes, message.descriptors).map_err(lost)?;
            self.taken = Some(taken);
            // If nobody hears it, nobody else has them.
            let _ = self.line.send(word::TAKEN, &[], &[], PATIENCE);
        }
        match self.line.receive(Duration::ZERO) {
            Ok(None) => Ok(None),
            Err(e) if e.kind() != io::ErrorKind::UnexpectedEof => Err(lost(e)),
            // As long as it dies it may still have its control socket and the lock of its pid file.
            Err(_) if parent_id() == self.parent => Ok(None),
            // Its last word, or its end.
            Ok(Some(_)) | Err(_) => Ok(self.taken.take()),
        }
    }

    /// Whether it may be the only one that has them.
    pub(super) fn has_taken(&self) -> bool {
        self.taken.is_some()
    }

    /// All that comes behind the first message of it.
    fn take(&self, memory: &'static Memory, counters: &[u8], descriptors: Vec<OwnedFd>) -> io::Result<Taken> {
        let nonsense = || io::Error::other("it was passed nonsense");
        let note = descriptors.into_iter().next().ok_or_else(nonsense)?;
        let mut sockets = Vec::new();
        loop {
            let message = self.line.receive(PATIENCE)?.ok_or(io::ErrorKind::TimedOut)?;
            match message.kind {
                word::DESCRIPTORS => sockets.extend(message.descriptors),
                word::ALL => break,
                _ => return Err(nonsense()),
            }
        }
        let mut counters = counters.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap_or_default()));
        let next = counters.next().and_then(SessionId::new);
        let mut parcels = Parcel::unpack(note, sockets)?;
        if !parcels.iter_mut().all(|parcel| parcel.fits(&memory.settings, &self.listeners, self.workers)) {
            return Err(nonsense());
        }
        Ok(Taken { parcels, next, counters: counters.collect() })
    }

    /// It serves.
    pub(super) fn serves(&self) {
        self.left.iter().for_each(Placed::remove);
        // Where nobody hears it, nobody has to.
        let _ = self.line.send(word::SERVING, &[], &[], PATIENCE);
    }
}
