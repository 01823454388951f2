//! What does not fit its cell: it lies in one of a few large cells that its worker or sender has, or in a file where it does not fit those
//! or none is free. Used by workers and task workers, for jobs, outputs and messages; by the manager for its messages.
//!
//! If a process dies here: what it was writing is named by a claim (`claims`), and the manager frees what no live job claims.

use super::{
    claims::{Claim, Claims, Half, Whose},
    files::Files,
    load::{Load, Place, Written},
    state::State,
};
use crate::{
    error::{MessageError, TaskError},
    logging,
    shm::{Bytes, Piece},
};
use core::fmt;
use std::{borrow::Cow, io};

/// How large a large cell is, in bytes.
pub(crate) const LARGE: usize = 2 << 20;

/// How many each worker or sender has: untouched memory until something needs them, and from then on as much as was needed.
pub(crate) const LARGE_CELLS: usize = 8;

/// Where the larger jobs of one worker lie, or the larger messages of one sender.
#[derive(Clone, Copy)]
pub(crate) struct Overflow {
    pub(crate) whose: Whose,
    pub(crate) claims: Claims<'static>,
    /// The large cells.
    pub(crate) large: Bytes,
    pub(crate) files: &'static Files,
}

/// Why something was not written; the log says more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// It cannot be written at all.
    Unreadable,
    /// There is no room for it.
    Storage,
}

impl Overflow {
    /// The beginning of a large cell; `None` for a number or a length that another process made up.
    fn piece(&self, at: usize, length: usize) -> Option<Piece> {
        (length <= LARGE).then(|| self.large.piece(at * LARGE, length)).flatten()
    }

    /// [worker, task worker, manager] Writes what does not fit its cell. Nothing is left of it on an error; `what` it is stands in the log.
    #[cold]
    pub(crate) fn put(&self, what: &dyn fmt::Display, claim: Claim, written: &dyn Written) -> Result<Load, Refused> {
        if let Some(load) = self.put_into_cell(claim, written) {
            return Ok(load);
        }
        let bytes = written.to_vec().ok_or(Refused::Unreadable)?;
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge.into());
        length.and_then(|length| self.files.write(self.whose, claim, &bytes).map(|()| Load { length, place: Place::File })).map_err(|e| {
            logging::error!("{what}: {} does not take its {} bytes: {e}", self.files.place(), bytes.len());
            Refused::Storage
        })
    }

    fn put_into_cell(&self, claim: Claim, written: &dyn Written) -> Option<Load> {
        let at = self.claims.take(claim)?;
        let unwritten = Unwritten { claims: self.claims, at, claim };
        let piece = self.piece(at, LARGE)?;
        // SAFETY: whoever has claimed a large cell reads and writes it alone until the job's cell says where it is; guaranteed by the
        // compare-exchange of `Claims::take`, and the caller holds the job's cell.
        let length = written.write(unsafe { piece.as_mut_slice() })?;
        core::mem::forget(unwritten);
        Some(Load { length: length as u32, place: Place::Large(at as u8) })
    }

    /// [worker, task worker] What was put there and not given back; an error where it is not what its cell says.
    ///
    /// For the holder of what is taken, its input; for the worker of what is done, its output.
    pub(crate) fn get<'a>(&self, cell: usize, job: &'a State, half: Half, load: Load) -> io::Result<Cow<'a, [u8]>> {
        let (claim, length) = (Claim::of_job(cell, *job, half), load.length as usize);
        let Place::Large(at) = load.place else { return self.files.read(self.whose, claim, length).map(Cow::Owned) };
        let piece = self.piece(at.into(), length).filter(|_| self.claims.is_of(at.into(), claim)).ok_or(io::ErrorKind::InvalidData)?;
        // SAFETY: what a job claims is written by nobody from the move that published it to the end of who reads it; guaranteed by the states
        // of `JobCell`, and by the caller being who reads it. A process gone wild may write all the same: then it is nonsense, and nothing
        // else happens.
        Ok(Cow::Borrowed(unsafe { piece.as_slice() }))
    }

    /// [worker, task worker, manager] Nobody reads it any more.
    pub(crate) fn give_back(&self, claim: Claim, load: Load) {
        match load.place {
            Place::Cell => {}
            Place::Large(at) => self.claims.give_back(at.into(), claim),
            Place::File => self.files.remove(self.whose, claim),
        }
    }
}

/// A large cell that is given back unless something comes to lie in it: what writes may find no room, or panic.
struct Unwritten {
    claims: Claims<'static>,
    at: usize,
    claim: Claim,
}

impl Drop for Unwritten {
    fn drop(&mut self) {
        self.claims.give_back(self.at, self.claim);
    }
}

impl From<Refused> for TaskError {
    fn from(e: Refused) -> Self {
        match e {
            Refused::Unreadable => Self::Unreadable,
            Refused::Storage => Self::Storage,
        }
    }
}

impl From<Refused> for MessageError {
    fn from(e: Refused) -> Self {
        match e {
            Refused::Unreadable => Self::Unreadable,
            Refused::Storage => Self::Storage,
        }
    }
}
