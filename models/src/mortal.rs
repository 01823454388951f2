//! Processes that are killed: a body that ends before its step number `k`, wherever that is, inside the runtime's code or between.

use core::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

loom::thread_local! {
    /// How many steps the thread that plays a process still has; `None` for one that lives.
    static LEFT: Cell<Option<u32>> = Cell::new(None);
}

struct Killed;

/// Whatever another process could see: an access to shared memory, a bell, a fork. The last thing a process does not do.
pub(crate) fn step() {
    let over = LEFT.with(|left| match left.get() {
        None => false,
        Some(0) => {
            left.set(None);
            true
        }
        Some(more) => {
            left.set(Some(more - 1));
            false
        }
    });
    if over {
        resume_unwind(Box::new(Killed));
    }
}

/// Runs a process that is killed before its step number `k`, counted from 0; `None` when it came to that.
///
/// What the body drops must not be a word of shared memory: a dead process does nothing.
pub(crate) fn killed_before<R>(k: u32, body: impl FnOnce() -> R) -> Option<R> {
    LEFT.with(|left| left.set(Some(k)));
    let ended = catch_unwind(AssertUnwindSafe(body));
    LEFT.with(|left| left.set(None));
    match ended {
        Ok(done) => Some(done),
        Err(payload) if payload.is::<Killed>() => None,
        Err(payload) => resume_unwind(payload),
    }
}
