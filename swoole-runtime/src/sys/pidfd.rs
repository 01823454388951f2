//! Processes by descriptor: to signal one, or to wait for one, without ever meaning another that got its number.

use core::time::Duration;
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::Signal,
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

/// A process that this one may signal and watch; readable once it has ended.
#[derive(Debug)]
pub(crate) struct PidFd(OwnedFd);

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Exited(i32),
    Signalled(i32),
    /// Somebody else has already asked, and nobody can again.
    Unknown,
}

impl PidFd {
    /// Of this process itself, of a child that nobody has reaped, or of a process whose pid came with its descriptor: else the number
    /// may be another's by now.
    pub(crate) fn open(pid: Pid) -> io::Result<Self> {
        // SAFETY: `pidfd_open` takes two numbers and touches no memory; guaranteed by its definition.
        let fd = Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) })?;
        // SAFETY: nobody else owns this descriptor, which is an `int` in a wider register; the kernel made it in the line above.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd as i32) }))
    }

    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// Sends a signal. A process that has ended already is no error.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Errno> {
        let nothing = core::ptr::null::<libc::siginfo_t>();
        // SAFETY: `pidfd_send_signal` reads the third argument only when it is not null; it is null here.
        let sent = unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.0.as_raw_fd(), signal as i32, nothing, 0) };
        match Errno::result(sent) {
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Whether the process has ended; it need not be a child.
    pub(crate) fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(n) if n > 0)
    }

    /// Waits until the process has ended, or so long; says whether it has.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
        matches!(poll(&mut fds, timeout), Ok(n) if n > 0)
    }

    /// How the process ended, left to be asked again by [`reap`](Self::reap) or by whoever adopts it; `None` while it runs.
    pub(crate) fn peek(&self) -> Option<Ended> {
        self.ended(WaitPidFlag::WNOWAIT)
    }

    /// How the process ended, the last time anybody can ask; `None` while it runs.
    pub(crate) fn reap(&self) -> Option<Ended> {
        self.ended(WaitPidFlag::empty())
    }

    fn ended(&self, how: WaitPidFlag) -> Option<Ended> {
        loop {
            return match waitid(Id::PIDFd(self.0.as_fd()), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | how) {
                Ok(WaitStatus::Exited(_, code)) => Some(Ended::Exited(code)),
                Ok(WaitStatus::Signaled(_, signal, _)) => Some(Ended::Signalled(signal as i32)),
                Ok(_) => None,
                Err(Errno::EINTR) => continue,
                Err(_) => Some(Ended::Unknown),
            };
        }
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for PidFd {
    fn as_raw_fd(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

/// Whether this process is a child of ours that nobody has reaped; `None` where the kernel does not say. Takes no descriptor.
pub(crate) fn is_child(pid: Pid) -> Option<bool> {
    match waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) {
        Ok(_) => Some(true),
        Err(Errno::ECHILD) => Some(false),
        Err(_) => None,
    }
}

/// The pids of this process's children, adopted ones included, dead ones not yet reaped too.
pub(crate) fn children() -> Vec<Pid> {
    let mut found = Vec::new();
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return found };
    for thread in threads.flatten() {
        let listed = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        for pid in listed.split_ascii_whitespace() {
            found.extend(pid.parse().map(Pid::from_raw));
        }
    }
    found
}
