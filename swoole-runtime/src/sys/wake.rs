//! Waking: an eventfd per consumer, never read, watched for edges.

use core::{cell::RefCell, time::Duration};
use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
};

/// What wakes one consumer. Every process has it; each write is an edge for the consumer's poll.
pub(crate) struct Bell(EventFd);

impl Bell {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?))
    }

    /// One that this process has inherited.
    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        // SAFETY: nobody else owns the descriptor, which was given to this function; that it is an eventfd's is for who rings: on any other
        // file, writing eight bytes is an error or does no harm to memory.
        Self(unsafe { EventFd::from_owned_fd(fd) })
    }

    /// Wakes the consumer, or makes its next wait return at once. The count would have to reach 2^64 to fail.
    pub(crate) fn ring(&self) {
        let _ = self.0.write(1);
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Where a process that waits for nothing but its bell sleeps. Made in the process that uses it: a poll from before a fork gives a child
/// no events of its own.
pub(crate) struct Bed(RefCell<(Poll, Events)>);

impl Bed {
    pub(crate) fn beside(bell: &Bell) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&bell.as_raw_fd()), Token(0), Interest::READABLE)?;
        Ok(Self(RefCell::new((poll, Events::with_capacity(4)))))
    }

    /// Until the bell rings, or at most so long; may end early.
    pub(crate) fn sleep(&self, at_most: Option<Duration>) {
        if let Ok(mut bed) = self.0.try_borrow_mut() {
            let (poll, events) = &mut *bed;
            // An interrupted sleep is an early end.
            let _ = poll.poll(events, at_most);
        }
    }
}
