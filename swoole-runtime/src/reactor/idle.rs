//! Sessions that have received nothing for as long as their listener's `heartbeat` allows are ended here, whatever their workers do.
//!
//! Runs in: a reactor. If the worker is dead: its sessions end as any; `on_close` runs in its successor.

use super::{Program, Reactor};
use crate::{
    event::CloseReason,
    session::{Flags, Found, Phase, Row},
    settings::Resolved,
    sync::Ordering,
    sys::socket,
};
use core::time::Duration;

/// A session is found so much later, of its time: looking for each by itself would take too long where there are many.
const PARTS: u64 = 50;

/// How often sessions are looked at, at most, in ms.
const OFTEN: u64 = 10;

/// Where a look is so late, in ms, this thread has stood still, and maybe the machine.
const LATE: u64 = 250;

/// The last time that this thread stood still. Nobody was answered in it, so nobody's silence is as long as it seems.
#[derive(Clone, Copy, Default)]
pub(super) struct StoodStill {
    until_ms: u64,
    for_ms: u64,
}

/// By so much at most the clock of these times is behind, in ms: a session must not end before its time by it.
const COARSE: u64 = 10;

/// Until when this session may be silent, in ms since the machine started; `None` for ever.
pub(crate) fn is_due_at(row: &Row, settings: &Resolved) -> Option<u64> {
    let heartbeat = settings.listeners.get(usize::from(row.listener()))?.heartbeat?;
    if row.phase() != Phase::Open || row.has(Flags::PROTECTED.and(Flags::PAUSED)) {
        return None;
    }
    // It has sent something that is not read, since its worker has not come to what was before it.
    if row.has(Flags::READABLE) && row.has(Flags::HELD_BACK.and(Flags::WAITS_FOR_ROOM).and(Flags::AWAITS_WORKER)) {
        return None;
    }
    Some(last_sign_ms(row) + heartbeat.idle + COARSE)
}

fn last_sign_ms(row: &Row) -> u64 {
    // Relaxed: measures.
    row.received_ms.load(Ordering::Relaxed).max(row.accepted_ms())
}

impl<P: Program> Reactor<P> {
    /// How long until idle sessions are looked for.
    pub(super) fn until_look(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.next_look_ms?.saturating_sub(self.now_ms).max(1)))
    }

    pub(super) fn end_idle(&mut self) {
        let Some(due) = self.next_look_ms else { return };
        let before = core::mem::replace(&mut self.last_turn_ms, self.now_ms);
        if due > self.now_ms {
            return;
        }
        if self.now_ms - due >= LATE {
            self.stood_still = StoodStill { until_ms: self.now_ms, for_ms: self.now_ms - before };
        }
        let heartbeats = self.memory.settings.listeners.iter().filter_map(|listener| listener.heartbeat);
        let (mut next, mut step) = (u64::MAX, u64::MAX);
        for heartbeat in heartbeats {
            // One that comes later is due later than all that are there could be now.
            next = next.min(self.now_ms + heartbeat.check.min(heartbeat.idle));
            step = step.min(heartbeat.check).min((heartbeat.idle / PARTS).max(OFTEN));
        }
        for index in 0..self.sessions.rows() {
            let Some(found) = self.sessions.at(index).filter(|found| found.row.reactor() == self.index) else { continue };
            let StoodStill { until_ms, for_ms } = self.stood_still;
            let more_ms = if last_sign_ms(found.row) < until_ms { for_ms } else { 0 };
            match is_due_at(found.row, &self.memory.settings).map(|due| due + more_ms) {
                // This thread may not have come yet to what its client has sent.
                Some(due) if due <= self.now_ms && socket::has_unread(found.row.descriptor()) => {}
                Some(due) if due <= self.now_ms => self.end_one(found),
                Some(due) => next = next.min(due),
                None => {}
            }
        }
        self.next_look_ms = Some(next.max(self.now_ms + step));
    }

    /// The socket goes at once: a worker that is stuck cannot keep it.
    fn end_one(&mut self, found: Found) {
        self.begin_close(found, CloseReason::Idle);
        self.close_socket(found, false);
        self.pump(found);
        self.end_if_through(found);
    }
}
