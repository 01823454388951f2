//! What the manager looks at, beside what wakes it: who was told to stop and has not, whose callback takes long, who has got old or large.
//!
//! If the manager dies here: deadlines stand on the slots' boards, ages and callbacks on those of the workers; a callback may be named twice.

use super::{
    children::{Child, Slot},
    life::Life,
};
use crate::{
    error::spoken,
    event::State,
    layout::Current,
    logging,
    process::Order,
    sync::Ordering,
    sys::{clock, limits, pidfd::PidFd},
};
use core::time::Duration;
use mio::Token;
use nix::{sys::signal::Signal, unistd::Pid};

/// How often ages and sizes are looked at, where they have a limit.
const LOOK_FOR_WEAR: Duration = Duration::from_secs(1);

impl Life {
    /// Names callbacks that take longer than `watchdog` says, once each.
    pub(super) fn watch_callbacks(&mut self) {
        let watchdog = self.memory.settings.watchdog;
        if watchdog.is_zero() {
            return;
        }
        for at in 0..self.slots.len() {
            let begun_ms = self.memory.worker(at).begun_ms();
            if let Some(current) = self.memory.current(at).filter(|current| current.age >= watchdog)
                && self.slots[at].overran != begun_ms
            {
                self.slots[at].overran = begun_ms;
                let pid = self.slots[at].child.pid().unwrap_or(0);
                logging::warn!("watchdog: {} (pid {pid}) is {}", self.memory.called(at), in_words(Some(&current)));
            }
        }
    }

    /// Whether a process that serves has got so old, or so large, that it is to be replaced.
    pub(super) fn is_worn(&self, at: usize) -> bool {
        let settings = &self.memory.settings;
        // Relaxed: written when it began.
        let age = || Duration::from_millis(clock::unix_ms().saturating_sub(self.memory.worker(at).started_ms.load(Ordering::Relaxed)));
        let is_old = !settings.max_worker_age.is_zero() && age() >= settings.max_worker_age;
        let resident = || self.slots[at].child.pid().and_then(limits::resident).unwrap_or(0);
        // One that is too large when it begins is not replaced without end: once a second is often enough to be seen.
        is_old || settings.max_worker_rss > 0 && age() >= LOOK_FOR_WEAR && resident() > settings.max_worker_rss
    }

    /// What the process that holds this slot was told.
    pub(super) fn order(&self, at: usize) -> Order {
        let slot = self.memory.slot(at);
        slot.order(slot.owner.read().generation)
    }

    /// A process that was told to stop, and has had its time.
    pub(super) fn end_if_late(&mut self, at: usize) {
        if self.order(at) == Order::Stop {
            // A predecessor may have died between the order and the bell.
            self.memory.bells.workers[at].ring();
            if clock::uptime_ms() >= self.memory.slot(at).stop_by_ms() {
                self.end_late(at, "max_wait_time");
            }
        }
    }

    /// Ends a process that did not stop in time, and says what it was in.
    pub(super) fn end_late(&mut self, at: usize, its_time: &str) {
        let slot = &mut self.slots[at];
        if let Some(fd) = slot.child.fd().filter(|_| !slot.killed) {
            let stuck = in_words(self.memory.current(at).as_ref());
            logging::warn!("{} did not stop within {its_time} and is killed: {stuck}", self.memory.called(at));
            let _ = fd.signal(Signal::SIGKILL);
            slot.killed = true;
        }
    }

    /// Whether the holder of a slot was forked before this reload and is not through its `on_worker_start` yet: it has nothing to hand over.
    pub(super) fn is_starting_since_before(&self, at: usize, reload: u32) -> bool {
        let is_starting = !matches!(self.slots[at].child, Child::None) && self.memory.worker(at).state() == State::Starting;
        // Relaxed: written by this manager, or by one before it.
        is_starting && self.order(at) == Order::Serve && self.memory.slot(at).reload.load(Ordering::Relaxed) != reload
    }

    /// Ends the holder of a slot that a reload waits for and that does not get ready.
    pub(super) fn end_if_never_ready(&mut self, at: usize) {
        let ready_timeout = self.memory.settings.ready_timeout;
        if !self.until_ready(at).is_zero() {
            return;
        }
        let slot = &mut self.slots[at];
        if let Some(fd) = slot.child.fd().filter(|_| !slot.killed) {
            logging::error!(
                "worker {at} was not ready within ready_timeout ({}), a reload waits for it, and it is killed",
                spoken(ready_timeout)
            );
            let _ = fd.signal(Signal::SIGKILL);
            slot.killed = true;
        }
    }

    /// What is left to a process that gets ready.
    fn until_ready(&self, at: usize) -> Duration {
        // Relaxed: a measure.
        let begun = self.memory.worker(at).started_ms.load(Ordering::Relaxed);
        self.memory.settings.ready_timeout.saturating_sub(Duration::from_millis(clock::unix_ms().saturating_sub(begun)))
    }

    /// How long until a process that was told to stop is late, or a successor, or until one may be forked.
    pub(super) fn until_late(&self) -> Option<Duration> {
        let now = clock::uptime_ms();
        let told = self
            .slots
            .iter()
            .enumerate()
            .filter(|(at, slot)| !slot.killed && !matches!(slot.child, Child::None) && self.order(*at) == Order::Stop);
        let told = told.map(|(at, _)| Duration::from_millis(self.memory.slot(at).stop_by_ms().saturating_sub(now)));
        let late = self.slots.iter().filter_map(|slot| {
            let successor = slot.successor.as_ref().filter(|successor| !successor.is_late)?;
            Some(self.memory.settings.ready_timeout.saturating_sub(successor.since.elapsed()))
        });
        let starting = (0..self.slots.len()).filter(|&at| {
            let reload = self.memory.header().reload(self.memory.group(at));
            !self.slots[at].killed && self.is_starting_since_before(at, reload)
        });
        let starting = starting.map(|at| self.until_ready(at));
        let held_back = self.slots.iter().map(Slot::holds_back).filter(|wait| !wait.is_zero());
        let settings = &self.memory.settings;
        let looks = !settings.max_worker_age.is_zero() || settings.max_worker_rss > 0 || !settings.watchdog.is_zero();
        let wears = looks.then_some(LOOK_FOR_WEAR);
        told.chain(late).chain(starting).chain(held_back).chain(wears).min().map(|wait| wait.max(Duration::from_millis(1)))
    }

    pub(super) fn watched(&self, pid: Pid, token: Token) -> Child {
        let watched = PidFd::open(pid).and_then(|fd| self.watch_for(&fd, token).map(|()| fd));
        let pid = pid.as_raw().cast_unsigned();
        match watched {
            Ok(fd) => Child::Own { pid, fd },
            Err(e) => {
                logging::error!("pid {pid} cannot be watched: {e}; trying again");
                Child::Unwatched { pid }
            }
        }
    }
}

/// What a process is in.
fn in_words(current: Option<&Current>) -> String {
    match current {
        None => "in no callback".to_owned(),
        Some(Current { callback, session: None, age, .. }) => format!("in {callback} for {}", spoken(*age)),
        Some(Current { callback, session: Some(session), age, .. }) => format!("in {callback} of session {session} for {}", spoken(*age)),
    }
}
