//! The bytes of one worker's jobs: in the two halves of a cell, and what does not fit there in its `overflow`. Used by workers and task
//! workers.

use super::{
    claims::{Claim, Half},
    load::{Load, Place, Written},
    overflow::{Overflow, Refused},
    pool::{Pool, Taken},
    state::{Phase, State},
};
use crate::shm::{Bytes, Piece};
use core::fmt;
use std::{borrow::Cow, io};

/// Where the bytes of a pool's jobs lie.
#[derive(Clone, Copy)]
pub(crate) struct Loads {
    /// The halves of all cells.
    pub(crate) cells: Bytes,
    /// How many bytes each half has.
    pub(crate) half: usize,
    pub(crate) overflow: Overflow,
}

impl Loads {
    /// All of a half, or its beginning; `None` for a length that another process made up.
    fn piece(&self, cell: usize, half: Half, length: usize) -> Option<Piece> {
        let from = (2 * cell + usize::from(half == Half::Output)) * self.half;
        (length <= self.half).then(|| self.cells.piece(from, length)).flatten()
    }

    /// [worker] Writes a job for a free cell of its own pool. Nothing is left of it on an error; `what` it is stands in the log.
    pub(crate) fn write_input(&self, pool: &Pool<'_>, cell: usize, what: &dyn fmt::Display, job: &dyn Written) -> Result<Load, Refused> {
        let free = pool.cells[cell].state();
        let piece = if free.phase == Phase::Free { self.piece(cell, Half::Input, self.half) } else { None };
        // SAFETY: nobody else reads or writes a free cell, and only its own worker fills it; guaranteed by the state looked at above, and by
        // the caller being that worker.
        match piece.and_then(|piece| job.write(unsafe { piece.as_mut_slice() })) {
            Some(length) => Ok(Load::in_cell(length)),
            None => self.overflow.put(what, Claim::for_next(cell, free), job),
        }
    }

    /// [task worker] Writes the output of the job that it has taken. As above.
    pub(crate) fn write_output(&self, taken: &Taken, what: &dyn fmt::Display, output: &dyn Written) -> Result<Load, Refused> {
        let piece = self.piece(taken.cell, Half::Output, self.half);
        // SAFETY: the output of what is taken is written by its holder alone, and read by nobody before it is done; guaranteed by the
        // states of `JobCell`.
        match piece.and_then(|piece| output.write(unsafe { piece.as_mut_slice() })) {
            Some(length) => Ok(Load::in_cell(length)),
            None => self.overflow.put(what, Claim::of_job(taken.cell, taken.state, Half::Output), output),
        }
    }

    /// [task worker] Copies the job that it has taken. What it took outside of its cell is free then.
    pub(crate) fn fetch_input(&self, taken: &Taken, load: Load, to: &mut Vec<u8>) -> io::Result<()> {
        let copied = self.get(taken.cell, &taken.state, Half::Input, load).map(|input| match input {
            Cow::Borrowed(input) => {
                to.clear();
                to.extend_from_slice(input);
            }
            Cow::Owned(input) => *to = input,
        });
        self.overflow.give_back(Claim::of_job(taken.cell, taken.state, Half::Input), load);
        copied
    }

    /// [worker] The output of a job that is done and not released.
    pub(crate) fn output<'a>(&self, cell: usize, done: &'a State, load: Load) -> io::Result<Cow<'a, [u8]>> {
        let is_there = matches!(done.phase, Phase::Done | Phase::Begun);
        if is_there { self.get(cell, done, Half::Output, load) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    fn get<'a>(&self, cell: usize, job: &'a State, half: Half, load: Load) -> io::Result<Cow<'a, [u8]>> {
        if load.place != Place::Cell {
            return self.overflow.get(cell, job, half, load);
        }
        let piece = self.piece(cell, half, load.length as usize).ok_or(io::ErrorKind::InvalidData)?;
        // SAFETY: what is taken is written by nobody until its end, and what is done until its worker releases it; guaranteed by the states of
        // `JobCell`, and by the callers above. A process gone wild may write all the same: then it is nonsense, and nothing else happens.
        Ok(Cow::Borrowed(unsafe { piece.as_slice() }))
    }
}
