//! The end of a shutdown: workers stop first, then task workers, then user processes; where half of the time is over, all that are left.
//!
//! If the manager dies here: the phase and its deadline stand in the header, the orders on the slots' boards; the next manager goes on,
//! and counts the half of the time anew from when it came.

use super::{children::Child, life::Life};
use crate::{logging, process::Group, sys::clock};
use core::ops::Range;
use nix::sys::signal::Signal;

impl Life {
    /// Tells every worker to stop, and ends what is left at the deadline; `true` when none is left.
    pub(super) fn stop_all(&mut self) -> bool {
        let (now, deadline) = (clock::uptime_ms(), self.memory.header().deadline_ms());
        let late = now >= deadline;
        let since = *self.stops_since_ms.get_or_insert(now);
        // One that is stuck must not cost the others their own end.
        let is_half_over = now >= since + deadline.saturating_sub(since) / 2;
        // Workers wait for their jobs, so task workers go on until there is no worker; and user processes, to which both send messages, until
        // there is neither.
        let are_gone = |slots: Range<usize>| self.slots[slots].iter().all(|slot| matches!(slot.child, Child::None));
        let goes_first = Group::ALL.into_iter().find(|&group| !are_gone(self.memory.slots_of(group)));
        for at in 0..self.slots.len() {
            if let Some(successor) = &self.slots[at].successor {
                if late && let Some(fd) = successor.child.fd() {
                    let _ = fd.signal(Signal::SIGKILL);
                }
                self.call_off(at);
            }
            if matches!(self.slots[at].child, Child::None) || !is_half_over && goes_first != Some(self.memory.group(at)) {
                continue;
            }
            // On every turn: a predecessor may have died between the order and the bell.
            self.memory.slot(at).tell_to_stop(self.memory.slot(at).owner.read().generation);
            self.memory.bells.workers[at].ring();
            if late {
                self.end_late(at, if self.memory.settings.shutdown.stop.is_some() { "stop_timeout" } else { "max_wait_time" });
            }
        }
        self.slots.iter().all(|slot| matches!(slot.child, Child::None) && slot.successor.is_none())
    }

    pub(super) fn kill_all(&self, why: &str) {
        logging::error!("{why}: every worker is ended");
        let successors = self.slots.iter().filter_map(|slot| Some(&slot.successor.as_ref()?.child));
        for fd in self.slots.iter().map(|slot| &slot.child).chain(successors).filter_map(Child::fd) {
            let _ = fd.signal(Signal::SIGKILL);
        }
    }
}
