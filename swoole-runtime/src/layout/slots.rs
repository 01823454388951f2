//! Which slot is whose: workers, behind them task workers, behind those user processes. Used by every process.

use super::Memory;
use crate::process::Group;
use core::ops::Range;

impl Memory {
    /// With whom the process of this slot is replaced, and the other way round.
    pub(crate) fn group(&self, slot: usize) -> Group {
        Group::ALL.into_iter().find(|&group| self.slots_of(group).contains(&slot)).unwrap_or(Group::UserProcesses)
    }

    pub(crate) fn slots_of(&self, group: Group) -> Range<usize> {
        let serving = self.serving_slots().end;
        match group {
            Group::Workers => 0..self.settings.workers,
            Group::TaskWorkers => self.settings.workers..serving,
            Group::UserProcesses => serving..self.settings.slots(),
        }
    }

    /// Workers and task workers: without one of them the server is not what it was to be.
    pub(crate) fn serving_slots(&self) -> Range<usize> {
        0..self.settings.workers + self.settings.task_workers
    }

    /// Which task worker has this slot, if one has.
    pub(crate) fn task_worker(&self, slot: usize) -> Option<usize> {
        slot.checked_sub(self.settings.workers).filter(|&at| at < self.settings.task_workers)
    }

    /// Which user process has this slot, if one has: its place among them.
    pub(crate) fn user_process(&self, slot: usize) -> Option<usize> {
        slot.checked_sub(self.serving_slots().end).filter(|&at| at < self.settings.user_processes.len())
    }

    /// The name of the user process that has this slot, if one has.
    pub(crate) fn name_of_user_process(&self, slot: usize) -> Option<&'static str> {
        self.settings.user_processes.get(self.user_process(slot)?).copied()
    }

    /// What the log calls the process of this slot.
    pub(crate) fn called(&self, slot: usize) -> String {
        match self.name_of_user_process(slot) {
            Some(name) => format!("user process {name}"),
            None => format!("worker {slot}"),
        }
    }
}
