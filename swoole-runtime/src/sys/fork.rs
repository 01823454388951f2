//! Forking, which only a process with one thread may do.

use nix::{
    errno::Errno,
    unistd::{ForkResult, Pid},
};
use std::{fs, io};

/// Shows that this process had exactly one thread when it was made; [`fork`] takes it.
///
/// A child of a process with several threads has only the forking one, and every lock the others held stays locked in it for ever.
pub(crate) struct SingleThreaded(());

impl SingleThreaded {
    /// Counts the threads of this process.
    ///
    /// # Errors
    /// How many there are, when there are more than one (0: they could not be counted).
    pub(crate) fn check() -> Result<Self, usize> {
        match fs::read_dir("/proc/self/task").map(Iterator::count) {
            Ok(1) => Ok(Self(())),
            Ok(many) => Err(many),
            Err(_) => Err(0),
        }
    }
}

/// Which side of a fork this is.
pub(crate) enum Side {
    Child,
    Parent(Pid),
}

/// Makes a second process of this one.
pub(crate) fn fork(_witness: &SingleThreaded) -> io::Result<Side> {
    // SAFETY: no other thread holds a lock that the child would wait for; `SingleThreaded` counted the threads and its holder makes
    // none before this call.
    match unsafe { nix::unistd::fork() } {
        Ok(ForkResult::Child) => Ok(Side::Child),
        Ok(ForkResult::Parent { child }) => Ok(Side::Parent(child)),
        Err(errno) => Err(errno.into()),
    }
}

/// This process adopts the orphans among its descendants, so that it can read how they ended.
pub(crate) fn adopt_orphans(yes: bool) -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(yes).map_err(Errno::into)
}
