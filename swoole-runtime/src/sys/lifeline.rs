//! The lifeline: a pipe whose write end only the master holds, so that the kernel itself tells the others of its end.
//!
//! If a process dies here: the master's end closes with it, whatever killed it. A worker that dies closes a read end of its own.

use nix::{
    errno::Errno,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::Signal,
    unistd::pipe2,
};
use std::{
    fs::OpenOptions,
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::fs::OpenOptionsExt,
    },
};

/// The end that the master keeps; nothing is ever written into it.
pub(crate) struct Life(#[allow(dead_code, reason = "it is there to be closed")] OwnedFd);

/// The end that all others look at.
pub(crate) struct Lifeline(OwnedFd);

/// A read end opened anew, with a signal of its own. Closing it takes the signal back.
pub(crate) struct Tied(#[allow(dead_code, reason = "it is there to stay open")] OwnedFd);

/// From `fcntl.h` of Linux; the `libc` crate has it not.
const F_SETSIG: libc::c_int = 10;

/// Makes both ends.
pub(crate) fn lifeline() -> io::Result<(Life, Lifeline)> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    Ok((Life(write), Lifeline(read)))
}

impl Lifeline {
    /// One that this process has inherited.
    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// Has the kernel send this process `signal` when the master ends: SIGKILL ends it even in a loop with every signal blocked,
    /// SIGCONT wakes one that was stopped.
    ///
    /// Signal and receiver belong to an open file, and all processes inherit one; hence a file of its own, opened through `/proc`.
    pub(crate) fn tie(&self, signal: Signal) -> io::Result<Tied> {
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let own = OwnedFd::from(OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?);
        let fd = own.as_raw_fd();
        for (command, value) in [
            (libc::F_SETOWN, std::process::id().cast_signed()),
            (F_SETSIG, signal as i32),
            (libc::F_SETFL, libc::O_NONBLOCK | libc::O_ASYNC),
        ] {
            // SAFETY: these three commands take a number and touch no memory; guaranteed by their definition.
            Errno::result(unsafe { libc::fcntl(fd, command, value) })?;
        }
        Ok(Tied(own))
    }

    /// Whether the master has ended.
    pub(crate) fn is_cut(&self) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::empty())];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(n) if n > 0)
    }
}

impl AsFd for Lifeline {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Lifeline {
    fn as_raw_fd(&self) -> i32 {
        self.0.as_raw_fd()
    }
}
