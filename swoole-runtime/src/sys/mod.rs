//! The machine: the only system calls of this crate, each behind a safe function where one can be had.

pub(crate) mod affinity;
pub(crate) mod clock;
pub(crate) mod datagram;
pub(crate) mod exec;
pub(crate) mod file;
pub(crate) mod fork;
#[cfg(feature = "cli")]
pub(crate) mod handover;
pub(crate) mod identity;
pub(crate) mod lifeline;
pub(crate) mod limits;
pub(crate) mod listener;
pub(crate) mod local;
pub(crate) mod memory;
pub(crate) mod notify;
pub(crate) mod packet;
pub(crate) mod passed;
pub(crate) mod pid_file;
pub(crate) mod pidfd;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod standard;
pub(crate) mod stderr;
pub(crate) mod title;
pub(crate) mod wake;
