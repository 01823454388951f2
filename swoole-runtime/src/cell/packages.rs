//! Large packages: what is too large for the ring from a reactor to a worker lies in one of a few cells beside that ring, which carries the
//! reference. Used by the reactor that fills them, and by the worker that reads.
//!
//! The record that names a cell holds it: it is free when the ring is consumed past that record, and the reactor alone remembers which
//! record that is.
//!
//! If a process dies here:
//! - the worker: the record is there for its successor as any record, and the cell with it.
//! - the master: with it everybody ends.

use crate::{
    ring::{Consumer, FromMaster, Producer, Record, Tag},
    shm::{Area, Arena, Bytes, Piece, Plan},
};

/// How many each ring has.
const PACKAGES: usize = 2;

/// The cells of one ring.
#[derive(Clone, Copy)]
pub(crate) struct Packages {
    bytes: Bytes,
    room: usize,
}

impl Packages {
    /// Cells with so much room each; 0 for none.
    pub(crate) fn lay(plan: &mut Plan, room: usize) -> Area {
        plan.bytes(PACKAGES * room)
    }

    pub(crate) fn at(arena: &'static Arena, area: Area, room: usize) -> Self {
        Self { bytes: arena.bytes(area), room }
    }

    /// The first bytes of a cell; `None` for one that there is not, or more than it has.
    fn piece(&self, cell: usize, length: usize) -> Option<Piece> {
        (cell < PACKAGES && length <= self.room).then(|| self.bytes.piece(cell * self.room, length)).flatten()
    }

    /// [worker] The package that a record names. Borrowed from the consumer, which therefore cannot advance over the record.
    pub(crate) fn data<'a>(&self, _consumer: &'a Consumer<FromMaster>, record: &Record) -> &'a [u8] {
        match self.piece(usize::from(record.tag.detail), record.length as usize) {
            // SAFETY: the reactor leaves a cell alone until the record that names it is consumed, and that takes `&mut` of the consumer;
            // guaranteed by `Outgoing::free`, and no process but the master can write the region; guaranteed by `Arena::restrict`.
            Some(piece) => unsafe { piece.as_slice() },
            None => &[],
        }
    }
}

/// [reactor] The cells of one ring, and by which record each is held.
pub(crate) struct Outgoing {
    packages: Packages,
    held: [Option<u64>; PACKAGES],
}

impl Outgoing {
    /// Made with the ring, of which no record names a cell yet.
    pub(crate) fn new(packages: Packages) -> Self {
        Self { packages, held: [None; PACKAGES] }
    }

    /// A cell that no record holds. The ring is the one that these cells are beside.
    pub(crate) fn free(&self, ring: &mut Producer) -> Option<usize> {
        (0..PACKAGES).find(|&cell| self.held[cell].is_none_or(|position| ring.is_consumed(position)))
    }

    /// Copies a package into a free cell, and publishes the record that names it; `false` where there is no room for either.
    pub(crate) fn push(&mut self, ring: &mut Producer, tag: Tag, package: &[u8]) -> bool {
        let Some(cell) = self.free(ring) else { return false };
        let Some(piece) = self.packages.piece(cell, package.len()) else { return false };
        // SAFETY: nobody reads a cell that no unconsumed record names, and this reactor alone writes it; guaranteed by `free`.
        unsafe { piece.write(package) };
        let is_published = ring.push_reference(Tag { detail: cell as u8, ..tag }, package.len() as u32);
        if is_published {
            self.held[cell] = Some(ring.last());
        }
        is_published
    }
}
