//! The timers of one process: which is due next, and what runs then. Used by workers and task workers. Makes no system call and reads no
//! clock: who asks says how late it is, in microseconds since the machine started.
//!
//! - [`Schedule`]: what waits for its time, by deadline, and among equal ones by creation
//! - [`Closure`]: what runs, a small one in its place without an allocation
//!
//! If the process dies: its timers go with it, as its state does. Nothing of them is in shared memory.

mod closure;
#[cfg(test)]
mod laws;
mod schedule;

pub(crate) use closure::{Again, Closure, Once};
pub(crate) use schedule::Schedule;
