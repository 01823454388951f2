//! Jobs: what a worker hands to a task worker, and what comes back. One cell is the whole life of a job.
//!
//! Each worker has a pool of cells. A cell's state word says how far its job is, and whose move is next; every move is one
//! compare-exchange, so who holds a job is never in doubt, whoever dies. Beside the cells stand two bits a cell: `ready`, by which task
//! workers find the oldest job of all without looking at every cell, and `done`, by which a worker finds what has come back.
//!
//! ```text
//!     free ─offer─▶ ready ─take─▶ taken ─complete─▶ done ─release─▶ free
//!                     │              │                │
//!                     └─withdraw─▶ free    └─withdraw─▶ abandoned ─complete─▶ free
//!                                                     └─begin─▶ begun ─release─▶ free      with an `on_lost` alone
//!                                                                 └─settle─▶ lost ─begin─▶ begun ─release─▶ free
//! ```
//!
//! In a worker with `on_lost` a job is begun between done and free, for as long as `on_finish` runs, so that its output is there for the
//! successor of one that dies of it.
//!
//! A `ready` bit may be seen over a cell that is not ready, and is passed over; none stays there once all moves are through. A `done` bit
//! may come late and stay over a cell that is free or has its next job. No bit is missing for longer than who owes it lives, or the
//! manager takes to settle its death.
//!
//! Who wakes whom, and in which order, stands with the functions: `Pool::offer`, `take_oldest`, `Pool::complete`, `settle_holder`,
//! `settle_asker`. The crate `models` has every interleaving of it, but for what is kept for `on_lost`: that has one process at a time that moves
//! it, and laws walk through it (`laws`, `claim_laws`).
//!
//! What is too large for a cell lies in a large cell or a file, which `claims` keeps in no doubt either.
//!
//! If a process dies here:
//! - the worker, before it offered: the cell is free, and what was written into it is nothing.
//! - the worker, after it offered and before it set the `ready` bit: the manager sets it (`settle_asker`), before a successor is forked.
//!   After it withdrew and before it cleared the bit: the manager clears it.
//! - the worker, after it took a `done` bit and before it released the cell: the manager sets the bit again.
//! - the worker, in `on_finish`: it has begun, and begins once. With `on_lost` the manager moves the cell from begun to lost; the successor
//!   begins it as one of kind `Wait`, tells `on_lost`, and releases it. Should it die of that, the kind says that there is no third time.
//! - the worker, while its job is ready, taken or done: the job goes on, and its output is for the successor; what the dead one itself
//!   was waiting for is withdrawn in its name.
//! - the task worker, after it took: the manager completes the job as died, at once. Before it cleared the `ready` bit: the bit stands
//!   over a cell that is not ready, which takers pass over; the manager clears it.
//! - the task worker, after it completed and before it set the `done` bit: the manager sets it (`settle_holder`).
//! - the manager, in the middle of settling: the next one does it again; every step is one that may be done twice.

mod cell;
#[cfg(test)]
mod claim_laws;
mod claims;
mod directory;
mod files;
#[cfg(test)]
mod laws;
mod load;
mod loads;
mod overflow;
mod pool;
mod settle;
mod state;

pub(crate) use cell::{Completed, JobCell, Withdrawn};
pub(crate) use claims::{Claim, Claims, Half, Whose};
pub(crate) use files::Files;
pub(crate) use load::{Load, Place, Written};
pub(crate) use loads::Loads;
pub(crate) use overflow::{LARGE, LARGE_CELLS, Overflow, Refused};
pub(crate) use pool::{Bits, Offer, Pool, Taken, is_left, oldest, take_oldest};
pub(crate) use settle::{settle_asker, settle_holder};
pub(crate) use state::{Holder, Kind, Outcome, Phase, State};
