//! Bytes that two processes map, of rings and of jobs: plain memory, ordered by nothing but the words beside it.

use crate::mortal::step;
use loom::cell::Cell;

pub(crate) struct Slot(Cell<u64>);

// SAFETY: the threads of a model take turns and never run at once; and `Cell` reports two accesses that nothing orders.
unsafe impl Sync for Slot {}
// SAFETY: as for `Sync`.
unsafe impl Send for Slot {}

impl Slot {
    pub(crate) fn new() -> Self {
        Self(Cell::new(u64::MAX))
    }

    pub(crate) fn set(&self, value: u64) {
        step();
        self.0.set(value);
    }

    pub(crate) fn get(&self) -> u64 {
        step();
        self.0.get()
    }
}
