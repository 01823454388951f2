//! Waking: an eventfd per consumer, never read, watched for edges.

use core::{
    cell::{Cell, RefCell},
    hint::spin_loop,
    time::Duration,
};
use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    thread::available_parallelism,
    time::Instant,
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

    /// Until the bell rings, or at most so long; may end early, as after an hour.
    pub(crate) fn sleep(&self, at_most: Option<Duration>) {
        if let Ok(mut bed) = self.0.try_borrow_mut() {
            let (poll, events) = &mut *bed;
            // An interrupted sleep is an early end.
            let _ = poll.poll(events, at_most.map(|at_most| at_most.min(LONGEST_SLEEP)));
        }
    }
}

/// The kernel counts a sleep in milliseconds, in 31 bits.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// Looking by itself, before a process sleeps, for what another is about to do: a sleep and a wake cost both of them more than a few
/// microseconds of looking. Where looking was in vain it is left out the next times, twice as many after each failure: a wait for something
/// long, or on a machine with more to do than processors, costs little more than the sleep.
pub(crate) struct Patience {
    /// How long at most; zero where one processor has to do both.
    most: Duration,
    /// How many times are left out after the next failure, and how many of the last are left.
    rests: Cell<(u32, u32)>,
}

/// About what a sleep and a wake cost on a virtual machine.
const PATIENCE: Duration = Duration::from_micros(25);
const MOST_RESTS: u32 = 16;
/// Between two looks, so that the other's words are not pulled away from it all the time.
const PAUSES: usize = 8;

impl Patience {
    pub(crate) fn new() -> Self {
        let has_two = available_parallelism().is_ok_and(|processors| processors.get() > 1);
        Self { most: if has_two { PATIENCE } else { Duration::ZERO }, rests: Cell::new((1, 0)) }
    }

    /// Whether it came while this looked for it.
    pub(crate) fn look_for(&self, mut is_there: impl FnMut() -> bool) -> bool {
        let (rests, left) = self.rests.get();
        if self.most.is_zero() || left > 0 {
            self.rests.set((rests, left.saturating_sub(1)));
            return false;
        }
        let start = Instant::now();
        loop {
            if is_there() {
                self.rests.set((1, 0));
                return true;
            }
            if start.elapsed() >= self.most {
                break;
            }
            (0..PAUSES).for_each(|_| spin_loop());
        }
        self.rests.set(((rests * 2).min(MOST_RESTS), rests));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_rests_after_failures_and_is_itself_again_after_a_success() {
        let patience = Patience { most: Duration::from_micros(1), rests: Cell::new((1, 0)) };
        let tries = |n| {
            let looked = Cell::new(0);
            for _ in 0..n {
                let before = looked.get();
                patience.look_for(|| {
                    looked.set(before + 1);
                    false
                });
            }
            looked.get()
        };
        assert_eq!(tries(1), 1);
        assert_eq!(tries(1), 0, "it rests once");
        assert_eq!(tries(1 + 2), 1, "and twice after the next failure");
        assert_eq!(tries(1 + 4 + 1 + 8 + 1 + 16 + 1 + 16), 4, "and at most sixteen times");
        while !patience.look_for(|| true) {}
        assert_eq!(tries(2), 1);
    }

    #[test]
    fn one_processor_alone_does_not_look_for_itself() {
        let patience = Patience { most: Duration::ZERO, rests: Cell::new((1, 0)) };
        assert!(!patience.look_for(|| unreachable!("it sleeps at once")));
    }
}
