//! Large cells: what is too large for a ring. Each worker has a few of its own; a ring carries the reference.
//!
//! A cell is free or held. Its worker alone takes it, fills it and publishes the reference; the reactor that consumed the reference gives
//! it back, before it consumes: so a held cell is named by an unconsumed record, or by none.
//!
//! If a process dies here:
//! - the worker, after it took a cell and before it published: the cell is held and no record names it. Its successor, which is then
//!   the ring's only producer, frees those.
//! - the worker, after it published: the reactor consumes the record and gives the cell back as ever.

mod packages;

pub(crate) use packages::{Outgoing, Packages};

use crate::{
    event::ToReactor,
    ring::Tag,
    shm::{Area, Arena, Bytes, Piece, Places, Plan},
    sync::{AtomicU32, Ordering},
};

/// How large a cell is, and with it the largest message of one call.
pub(crate) const CELL: usize = 2 << 20;

/// How many each worker has.
const CELLS: usize = 4;

/// Where a worker's cells lie.
#[derive(Clone, Copy)]
pub(crate) struct CellsPlace {
    held: Places<AtomicU32>,
    bytes: Area,
}

impl CellsPlace {
    pub(crate) fn lay(plan: &mut Plan) -> Self {
        Self { held: plan.many(CELLS), bytes: plan.bytes(CELLS * CELL) }
    }
}

/// The cells of one worker.
#[derive(Clone, Copy)]
pub(crate) struct Cells {
    held: &'static [AtomicU32],
    bytes: Bytes,
}

impl Cells {
    pub(crate) fn at(arena: &'static Arena, place: CellsPlace) -> Self {
        Self { held: arena.all(place.held), bytes: arena.bytes(place.bytes) }
    }

    /// [worker] Takes a free cell and fills it; `None` when none is free. At most [`CELL`] bytes.
    pub(crate) fn fill(&self, message: &[u8]) -> Option<u8> {
        // Acquire, label "cell": the reactor has read what was in it.
        let cell = self.held.iter().position(|held| held.load(Ordering::Acquire) == 0)?;
        let piece = self.piece(cell, message.len())?;
        // Relaxed: nobody but this worker takes its cells; the ring publishes the bytes.
        self.held[cell].store(1, Ordering::Relaxed);
        // SAFETY: a free cell is read by nobody, and this worker alone fills its cells; guaranteed by the load above.
        unsafe { piece.write(message) };
        u8::try_from(cell).ok()
    }

    /// What a record refers to, unless it claims what cannot be.
    pub(crate) fn piece(&self, cell: usize, length: usize) -> Option<Piece> {
        if cell >= self.held.len() || length > CELL {
            return None;
        }
        self.bytes.piece(cell * CELL, length)
    }

    /// [reactor] Gives a cell back. [worker] Also for one that no record came to name.
    pub(crate) fn give_back(&self, cell: usize) {
        if let Some(held) = self.held.get(cell) {
            // Release, label "cell".
            held.store(0, Ordering::Release);
        }
    }

    /// [worker] Frees what a dead predecessor held and no record names. The reactors' positions were read before `named` was made: a
    /// cell whose record is consumed by then is free already.
    pub(crate) fn settle(&self, named: impl Iterator<Item = Tag>) {
        let mut kept = [false; CELLS];
        for tag in named.filter(|tag| ToReactor::from_u8(tag.kind) == Some(ToReactor::SendLarge)) {
            if let Some(kept) = kept.get_mut(usize::from(tag.detail)) {
                *kept = true;
            }
        }
        for cell in (0..CELLS).filter(|&cell| !kept[cell]) {
            self.give_back(cell);
        }
    }
}
