//! Planned replacement: the processes of a group are told to stop one after the other, each when the successor of the one before is ready.
//! A reload asks for all that were there when it was asked for; a process that has done its share asks for itself.
//!
//! If the manager dies here: the order, its deadline and the reload that a process was forked in stand on the slots' boards, and the next
//! manager goes on. If the process dies instead of stopping: it is replaced as after any death, which is what was wanted. If a successor
//! does not become ready: the others stay as they are, and the manager tries that one again.

use super::{children::Child, life::Life};
use crate::{
    error::spoken,
    event::State,
    layout::Current,
    logging,
    process::{Group, Lifecycle, Order},
    sync::Ordering,
    sys::clock,
};
use core::time::Duration;
use nix::sys::signal::Signal;

impl Life {
    /// The next step of each group, if it is time for one.
    pub(super) fn replace(&mut self) {
        if self.memory.header().lifecycle() == Lifecycle::Running {
            for group in Group::ALL {
                self.replace_in(group);
            }
        }
    }

    fn replace_in(&mut self, group: Group) {
        let reload = self.memory.header().reload(group);
        let (mut next, mut is_one_under_way) = (None, false);
        for at in self.memory.slots_of(group) {
            let (board, slot) = (self.memory.worker(at), self.memory.slot(at));
            let serves = !matches!(self.slots[at].child, Child::None) && board.state() == State::Ready && slot.order() == Order::Serve;
            if !serves {
                is_one_under_way = true;
                self.end_if_late(at);
            // Relaxed: written by this manager, or by one before it.
            } else if slot.reload.load(Ordering::Relaxed) != reload || board.asks_for_successor() {
                next.get_or_insert(at);
            }
        }
        if is_one_under_way {
            return;
        }
        if let Some(at) = next {
            logging::debug!("worker {at} is to be replaced");
            let slot = self.memory.slot(at);
            slot.set_stop_by(clock::uptime_ms() + self.memory.settings.max_wait_time.as_millis() as u64);
            slot.give(Order::Stop);
            self.memory.bells.workers[at].ring();
        } else if self.memory.manager().reloaded(group) != reload {
            self.memory.manager().has_reloaded(group, reload);
            logging::info!("all {} are replaced", name_of(group));
        }
    }

    /// A process that was told to stop, and has had its time.
    fn end_if_late(&mut self, at: usize) {
        let slot = self.memory.slot(at);
        if slot.order() == Order::Stop {
            // A predecessor may have died between the order and the bell.
            self.memory.bells.workers[at].ring();
            if clock::uptime_ms() >= slot.stop_by_ms() {
                self.end_late(at);
            }
        }
    }

    /// Ends a process that did not stop in time, and says what it was in.
    pub(super) fn end_late(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        if let Some(fd) = slot.child.fd().filter(|_| !slot.killed) {
            let stuck = match self.memory.current(at) {
                None => "in no callback".to_owned(),
                Some(Current { callback, session: None, age, .. }) => format!("in {callback} for {}", spoken(age)),
                Some(Current { callback, session: Some(session), age, .. }) => {
                    format!("in {callback} of session {session} for {}", spoken(age))
                }
            };
            logging::warn!("worker {at} did not stop within max_wait_time and is killed: {stuck}");
            let _ = fd.signal(Signal::SIGKILL);
            slot.killed = true;
        }
    }

    /// How long until the first deadline of a process that was told to stop.
    pub(super) fn until_late(&self) -> Option<Duration> {
        let told = self
            .slots
            .iter()
            .enumerate()
            .filter(|(at, slot)| !slot.killed && !matches!(slot.child, Child::None) && self.memory.slot(*at).order() == Order::Stop);
        told.map(|(at, _)| Duration::from_millis(self.memory.slot(at).stop_by_ms().saturating_sub(clock::uptime_ms()).max(1))).min()
    }
}

fn name_of(group: Group) -> &'static str {
    match group {
        Group::Workers => "workers",
        Group::TaskWorkers => "task workers",
    }
}
