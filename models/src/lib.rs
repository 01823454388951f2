//! Models of what processes say to each other in shared memory, run in every order that the memory model allows, with processes that
//! are killed before every one of their steps. For whoever changes a protocol; nothing here is part of a server.
//!
//! The files under test are the runtime's own, compiled a second time with the atomics of `sync`. What calls them is small and written
//! here after the caller it stands for, which each model names.
//!
//! Each model says how many interleavings it must at least have seen, and is shown to fail: with weaker atomics, or with one line of the
//! protocol left out.

#[cfg(test)]
#[allow(dead_code, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/process/begun.rs"]
mod begun;
#[cfg(test)]
#[allow(dead_code, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/ring/flag.rs"]
mod flag;
#[cfg(test)]
#[allow(dead_code, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/ring/index.rs"]
mod index;
/// As the runtime's `job`, without its laws, which are for atomics of the machine.
#[cfg(test)]
#[allow(dead_code, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/job"]
mod job {
    mod cell;
    mod claims;
    mod pool;
    mod settle;
    mod state;

    pub(crate) use cell::{Completed, JobCell, Withdrawn};
    pub(crate) use claims::{Claim, Claims, Half};
    pub(crate) use pool::{Bits, Offer, Pool, Taken, is_left, oldest, take_oldest};
    pub(crate) use settle::{settle_asker, settle_holder};
    pub(crate) use state::{Holder, Kind, Outcome, Phase, State};
}
#[cfg(test)]
#[allow(dead_code, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/process/owner.rs"]
mod owner;
#[cfg(test)]
#[allow(dead_code, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/message/tray.rs"]
mod tray;

#[cfg(test)]
mod bell;
#[cfg(test)]
mod explore;
#[cfg(test)]
mod lane;
#[cfg(test)]
mod mortal;
#[cfg(test)]
mod shm;
#[cfg(test)]
mod slot;
#[cfg(test)]
mod sync;

#[cfg(test)]
mod close;
#[cfg(test)]
mod consumer_dies;
#[cfg(test)]
mod handover;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod producer_dies;
#[cfg(test)]
mod ring;
#[cfg(test)]
mod room;
#[cfg(test)]
mod row;
#[cfg(test)]
mod wake;
