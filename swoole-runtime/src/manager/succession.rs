//! From one manager to the next: what a new one asks about the processes that its predecessor forked, and the standby that it forks in its turn.
//!
//! If the manager dies here: the next one asks again; the master gives the same answers as long as an owner word names the process.

use super::{
    Next,
    children::Child,
    life::{Life, STANDBY},
};
use crate::{
    logging,
    process::ToMaster,
    sys::{fork::Side, pidfd::PidFd},
};
use core::time::Duration;
use mio::{Interest, unix::SourceFd};
use nix::unistd::Pid;
use std::{os::fd::AsRawFd, time::Instant};

/// How long after a failure another standby is tried.
const STANDBY_AGAIN: Duration = Duration::from_secs(1);

impl Life {
    /// Every slot that has an owner: whose child is it by now? What was getting ready to hold one is called off.
    pub(super) fn ask_for_orphans(&mut self) {
        for at in 0..self.slots.len() {
            let owner = self.memory.slot(at).owner.read().pid;
            if let Some(pid) = owner {
                self.slots[at].child = Child::Asked { pid };
                self.tell_master(ToMaster::Adopt { pid });
            }
            let successor = self.memory.slot(at).successor.read().pid;
            self.call_off(at);
            if let Some(pid) = successor.filter(|_| successor != owner) {
                self.called_off.push(pid);
                self.tell_master(ToMaster::Adopt { pid });
            }
        }
    }

    /// A question or an answer may have been lost, where a socket was full: asked again, a fact is the same fact.
    pub(super) fn ask_again(&self) {
        for slot in &self.slots {
            match &slot.child {
                Child::Asked { pid } => self.tell_master(ToMaster::Adopt { pid: *pid }),
                Child::Adopted { pid, fd } if fd.has_ended() => self.tell_master(ToMaster::Adopt { pid: *pid }),
                Child::None | Child::Own { .. } | Child::Unwatched { .. } | Child::Adopted { .. } => {}
            }
        }
        for &pid in &self.called_off {
            self.tell_master(ToMaster::Adopt { pid });
        }
    }

    pub(super) fn fork_standby(&mut self) -> Option<Next> {
        // Should it fail, it is tried again; the server goes on meanwhile.
        self.standby_again = Some(Instant::now() + STANDBY_AGAIN);
        let me = PidFd::open(Pid::this())
            .inspect_err(|e| logging::error!("the manager has no descriptor for its standby: {e}; trying again"))
            .ok()?;
        match self.fork()? {
            Side::Child => Some(Next::Standby(me)),
            Side::Parent(pid) => {
                self.wants_standby = false;
                self.standby_again = None;
                let watched = PidFd::open(pid).and_then(|fd| {
                    self.poll.registry().register(&mut SourceFd(&fd.as_raw_fd()), STANDBY, Interest::READABLE)?;
                    Ok(fd)
                });
                self.standby = watched.inspect_err(|e| logging::warn!("the standby cannot be watched: {e}")).ok();
                None
            }
        }
    }
}
