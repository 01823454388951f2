//! `max_queued_bytes`: a session of which so much is on its way to its worker is not read until all of that is through. Others are. Where each
//! package may go to another worker, what is on its way to the last one counts.
//!
//! Runs in: a reactor. If the worker is dead: what is on its way is for its successor, and the session is read on when that has had it.

use super::{Program, Reactor};
use crate::{
    session::{Flags, Found, Row},
    sync::Ordering,
};

impl<P: Program> Reactor<P> {
    /// Whether so much of this session is on its way that it is not to be read now.
    pub(super) fn is_held_back(&mut self, found: Found) -> bool {
        if !self.holds_back {
            return false;
        }
        let row = found.row;
        let most = self.memory.settings.listeners[usize::from(row.listener())].max_queued_bytes;
        // Relaxed, here and below: only this reactor writes these.
        if most == 0 || u64::from(row.underway.load(Ordering::Relaxed)) < most {
            return false;
        }
        if self.is_through(row) {
            row.underway.store(0, Ordering::Relaxed);
            return false;
        }
        if !row.has(Flags::HELD_BACK) {
            row.set(Flags::HELD_BACK);
            self.held.push(found.id);
        }
        true
    }

    fn is_through(&mut self, row: &Row) -> bool {
        let position = row.underway_to.load(Ordering::Relaxed);
        self.workers[row.worker()].to.is_consumed(position)
    }

    /// So many bytes are on their way, by the last record of the worker's ring.
    pub(super) fn is_underway(&self, row: &Row, length: usize) {
        if !self.holds_back {
            return;
        }
        let underway = row.underway.load(Ordering::Relaxed).saturating_add(length as u32);
        row.underway.store(underway, Ordering::Relaxed);
        row.underway_to.store(self.workers[row.worker()].to.last(), Ordering::Relaxed);
    }

    /// Those whose bytes are through are read on.
    pub(super) fn read_held(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let mut at = 0;
        while at < self.held.len() {
            let Some(found) = self.sessions.find(self.held[at]).filter(|found| found.row.has(Flags::HELD_BACK)) else {
                self.held.swap_remove(at);
                continue;
            };
            if self.is_through(found.row) {
                self.held.swap_remove(at);
                found.row.clear(Flags::HELD_BACK);
                self.pump(found);
            } else {
                at += 1;
            }
        }
    }

    /// Before this reactor sleeps: has the workers tell when they are through; `true` when one is.
    pub(super) fn waits_for_held(&mut self) -> bool {
        for at in 0..self.held.len() {
            if let Some(found) = self.sessions.find(self.held[at]) {
                // Raised anew for this sleep: the worker answers each raise once.
                let wants_room = self.workers[found.row.worker()].to.wants_room();
                wants_room.lower();
                wants_room.raise();
                if self.is_through(found.row) {
                    return true;
                }
            }
        }
        false
    }
}
