//! The workers as the manager sees them: one place a slot, what fills it, and when it may be filled again.

use crate::{process::Claim, sys::pidfd::PidFd};
use core::time::Duration;
use std::{os::fd::OwnedFd, time::Instant};

/// One slot.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) child: Child,
    /// Deaths in a row before the worker was ready or had consumed a record.
    failures: u32,
    /// Not before then.
    next_fork: Option<Instant>,
    /// Whether SIGKILL was sent.
    pub(super) killed: bool,
    /// When the callback began that was said to take too long.
    pub(super) overran: u64,
    /// What its process was told, where that is another program.
    pub(super) note: Option<OwnedFd>,
    /// What gets ready beside it.
    pub(super) successor: Option<Successor>,
}

/// A process that gets ready to hold a slot.
pub(super) struct Successor {
    pub(super) child: Child,
    /// What it was told, where it is another program.
    pub(super) note: Option<OwnedFd>,
    /// How its slot's word for successors was when it was forked; another generation says that it was called off.
    pub(super) opened: Claim,
    /// The generation it is to be, and the reload it was forked in.
    pub(super) generation: u32,
    pub(super) reload: u32,
    /// Whether that is why.
    pub(super) is_reload: bool,
    /// When it was forked, and whether it was ended because it was late.
    pub(super) since: Instant,
    pub(super) is_late: bool,
}

/// What fills a slot.
#[derive(Default)]
pub(super) enum Child {
    #[default]
    None,
    /// Forked by this manager, which reaps it.
    Own { pid: u32, fd: PidFd },
    /// Forked by this manager, which had no descriptor to spare for it. Not reaped, so its number stays its own.
    Unwatched { pid: u32 },
    /// Named by the slot's owner word; the master was asked about it.
    Asked { pid: u32 },
    /// Forked by a predecessor: the master reaps it and says how it ended.
    Adopted { pid: u32, fd: PidFd },
}

/// The first wait after a failure, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(10);

impl Child {
    pub(super) fn pid(&self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Own { pid, .. } | Self::Unwatched { pid } | Self::Asked { pid } | Self::Adopted { pid, .. } => Some(*pid),
        }
    }

    pub(super) fn fd(&self) -> Option<&PidFd> {
        match self {
            Self::Own { fd, .. } | Self::Adopted { fd, .. } => Some(fd),
            Self::None | Self::Unwatched { .. } | Self::Asked { .. } => None,
        }
    }
}

impl Slot {
    /// Its process has ended. A worker that did something may be replaced at once; one that keeps failing waits longer each time.
    pub(super) fn emptied(&mut self, did_something: bool) {
        self.child = Child::None;
        self.killed = false;
        self.failures = if did_something { 0 } else { self.failures + 1 };
        self.next_fork = self.failures.checked_sub(1).map(|doublings| {
            let wait = FIRST_WAIT.saturating_mul(1_u32.checked_shl(doublings.min(16)).unwrap_or(u32::MAX));
            Instant::now() + wait.min(LONGEST_WAIT)
        });
    }

    /// Its process has come to its end by itself, which is no failure. One that does so at once is begun ten times a second, and not a
    /// thousand times.
    pub(super) fn returned(&mut self, age: Duration) {
        self.emptied(true);
        self.next_fork = Some(FIRST_WAIT.saturating_sub(age)).filter(|wait| !wait.is_zero()).map(|wait| Instant::now() + wait);
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Its successor has ended and was never ready.
    pub(super) fn lost_successor(&mut self) {
        let child = core::mem::take(&mut self.child);
        let killed = self.killed;
        self.emptied(false);
        (self.child, self.killed, self.successor) = (child, killed, None);
    }

    /// How long it still waits to be filled; `None` when it waits for nothing.
    pub(super) fn waits(&self) -> Option<Duration> {
        (matches!(self.child, Child::None) && self.successor.is_none()).then(|| self.holds_back())
    }

    /// How long nothing is forked for it.
    pub(super) fn holds_back(&self) -> Duration {
        self.next_fork.map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_keeps_failing_waits_longer_each_time_and_never_for_ever() {
        let mut slot = Slot::default();
        assert_eq!(slot.waits(), Some(Duration::ZERO));
        slot.emptied(true);
        assert_eq!(slot.waits(), Some(Duration::ZERO), "a worker that served is replaced at once");
        let mut before = Duration::ZERO;
        for _ in 0..7 {
            slot.emptied(false);
            let waits = slot.waits().expect("it is empty");
            assert!(waits > before);
            before = waits;
        }
        for _ in 0..40 {
            slot.emptied(false);
        }
        assert!(slot.waits().expect("it is empty") <= LONGEST_WAIT);
        slot.emptied(true);
        assert_eq!(slot.waits(), Some(Duration::ZERO));
    }

    #[test]
    fn a_process_that_returns_at_once_is_begun_again_soon_and_not_at_once() {
        let mut slot = Slot::default();
        for _ in 0..20 {
            slot.returned(Duration::ZERO);
        }
        assert!(slot.waits().is_some_and(|wait| !wait.is_zero() && wait <= FIRST_WAIT));
        assert_eq!(slot.failures(), 0);
        slot.returned(FIRST_WAIT);
        assert_eq!(slot.waits(), Some(Duration::ZERO));
    }
}
