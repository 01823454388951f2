//! Messages between processes: one lies in a cell of its sender until its receiver is through with it. Workers, task workers,
//! user processes and the manager send; all but the manager receive.
//!
//! Each sender has a pool of cells, as a worker has for jobs, and a message's cell moves as a job's does, without an output:
//!
//! ```text
//!     free ─offer─▶ ready ─take─▶ taken ─put_away─▶ free
//! ```
//!
//! A message is for one receiver, which its cell names. Each receiver has a word of mail, by which it finds who has sent it something
//! without looking at every pool: who has offered sets a bit there, then rings if the receiver sleeps. A sender without a free cell says
//! so and waits for nobody, so two processes that flood each other both go on.
//!
//! If a process dies here:
//! - the sender, before it offered: the cell is free, and what was written into it is nothing. After it, before the bits are set and the
//!   bell is rung: the manager sets them (`settle_sender`) and rings. What was sent arrives.
//! - the receiver, after it took the bits of its mail: the manager sets all of them for its successor (`settle_receiver`).
//! - the receiver, after it took a message: its callback has begun, and begins once; its end says so, and the manager frees the cell, and
//!   after it what the message had claimed (`Claims::settle`). The same before it gave that back. Where a worker has `on_lost`, the manager
//!   leaves the cell as lost; the successor takes it as one of kind `Wait`, tells `on_lost`, and frees it. Should it die of that, the kind
//!   says that there is no third time.
//! - the sender, while its message is ready or taken: the message goes on; its successor finds the cell in use.
//! - the manager, in the middle of settling: the next one does it again; every step may be done twice.

#[cfg(test)]
mod laws;
#[cfg(test)]
mod load_laws;
mod tray;

use crate::{
    job::{Claim, Half, Holder, Load, Overflow, Phase, Place, Refused, State, Written},
    shm::Bytes,
    sync::Ordering,
};
use core::fmt;
use std::{borrow::Cow, io};

pub(crate) use tray::{Mail, Tray, Waiting, collect};

/// The messages of one sender. What does not fit a cell lies where the larger jobs lie, and is claimed as they are: see `job::claims`.
#[derive(Clone, Copy)]
pub(crate) struct Messages<'a> {
    pub(crate) tray: Tray<'a>,
    bytes: Bytes,
    /// How many bytes a cell has.
    room: usize,
    /// What does not fit.
    pub(crate) overflow: Overflow,
}

/// A message that its receiver is at.
pub(crate) struct Received {
    cell: usize,
    state: State,
    load: Load,
}

impl<'a> Messages<'a> {
    pub(crate) fn new(tray: Tray<'a>, bytes: Bytes, room: usize, overflow: Overflow) -> Self {
        Self { tray, bytes, room, overflow }
    }

    /// [sender] Writes a message for a free cell of its own. Nothing is left of it on an error; `what` it is stands in the log.
    pub(crate) fn write(&self, cell: usize, what: &dyn fmt::Display, message: &dyn Written) -> Result<Load, Refused> {
        let free = self.tray.cells[cell].state();
        let piece = if free.phase == Phase::Free { self.bytes.piece(cell * self.room, self.room) } else { None };
        // SAFETY: nobody else reads or writes a free cell, and only its own sender fills it; guaranteed by the state looked at above, and
        // by the caller being that sender.
        match piece.and_then(|piece| message.write(unsafe { piece.as_mut_slice() })) {
            Some(length) => Ok(Load::in_cell(length)),
            None => self.overflow.put(what, Claim::for_next(cell, free), message),
        }
    }

    /// [receiver] Takes one of its own.
    pub(crate) fn take(&self, waiting: Waiting, holder: Holder) -> Option<Received> {
        let state = self.tray.take(waiting.cell, holder)?;
        // Relaxed: published by the move to ready.
        let load = Load::of(self.tray.cells[waiting.cell].input.load(Ordering::Relaxed));
        Some(Received { cell: waiting.cell, state, load })
    }

    /// [receiver] Takes those that a dead predecessor was at, for `on_lost`.
    pub(crate) fn take_lost(&self, to: u16, holder: Holder) -> impl Iterator<Item = Received> + use<'a> {
        let cells = self.tray.cells;
        self.tray.lost(to).map(move |(cell, lost)| {
            let state = cells[cell].take_lost(lost, holder);
            // Relaxed: as in `take`.
            Received { cell, state, load: Load::of(cells[cell].input.load(Ordering::Relaxed)) }
        })
    }

    /// [receiver] What it has taken, for as long as it is at it; an error for what another process made up, and for a file that is gone.
    pub(crate) fn read<'r>(&self, received: &'r Received) -> io::Result<Cow<'r, [u8]>> {
        if received.load.place != Place::Cell {
            return self.overflow.get(received.cell, &received.state, Half::Input, received.load);
        }
        let length = received.load.length as usize;
        let piece = (length <= self.room).then(|| self.bytes.piece(received.cell * self.room, length)).flatten();
        let piece = piece.ok_or(io::ErrorKind::InvalidData)?;
        // SAFETY: what is taken is written by nobody until its receiver puts it away; guaranteed by the states of `JobCell`. A sender gone
        // wild may write all the same: then the message is nonsense, and nothing else happens.
        Ok(Cow::Borrowed(unsafe { piece.as_slice() }))
    }

    /// [receiver] It is through with it.
    pub(crate) fn put_away(&self, received: Received) {
        self.tray.put_away(received.cell, received.state);
        // Behind it, as of an output: who finds the message taken finds it whole.
        self.overflow.give_back(Claim::of_job(received.cell, received.state, Half::Input), received.load);
    }
}
