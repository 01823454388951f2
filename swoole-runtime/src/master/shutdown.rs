//! The end: from phase to phase, each as long as it may take, to the last process.
//!
//! If the process dies here: the kernel ends what is left, as at any other time.

use super::life::{LAST_WAIT, Life, run_callback};
#[cfg(feature = "cli")]
use super::update::SHUTS_DOWN;
#[cfg(feature = "cli")]
use crate::process::Handover;
use crate::{
    contract::{self, Server},
    error::{Error, Result, spoken},
    logging,
    process::Lifecycle,
    settings::Phases,
    sync::Ordering,
    sys::{clock, listener::Placed},
};
use core::time::Duration;
use std::time::Instant;

impl Life {
    /// Begins the shutdown, after `lame_duck`.
    pub(super) fn leave(&mut self) {
        #[cfg(feature = "cli")]
        if self.puts_off_leaving() {
            return;
        }
        let lame_duck = self.memory.settings.lame_duck;
        if self.memory.header().lifecycle() != Lifecycle::Running || lame_duck.is_zero() {
            return self.shut_down(self.memory.settings.shutdown);
        }
        logging::info!("serving on for {} more, as lame_duck says", spoken(lame_duck));
        self.leaves_at_ms = clock::uptime_ms() + lame_duck.as_millis() as u64;
        self.memory.header().enter(Lifecycle::Leaving);
    }

    /// Begins the shutdown, or hurries one on.
    pub(super) fn shut_down(&mut self, phases: Phases) {
        #[cfg(feature = "cli")]
        self.give_up_update(SHUTS_DOWN);
        let header = self.memory.header();
        self.acceptor = None;
        let are_ours = !header.handover().are_names_anothers();
        for listener in self.listeners.drain(..) {
            // Closed only then: nobody takes it for one that was left.
            listener.place.iter().filter(|_| are_ours).for_each(Placed::remove);
        }
        let first = header.lifecycle() < Lifecycle::Finishing;
        if first {
            self.leaves_since_ms = clock::uptime_ms();
        }
        self.phases = phases;
        // Of phases that have not begun, this is put right when they do.
        header.set_waits_until(self.until(phases.jobs, 2));
        self.drains_until_ms = self.until(phases.drain, 3);
        header.set_deadline(self.until(phases.stop, 4));
        if first {
            // Relaxed: what is handed over from now on is not waited for.
            self.last_job = self.memory.ticket().load(Ordering::Relaxed);
            header.enter(Lifecycle::Finishing);
        }
        self.follow();
        self.ring_all();
    }

    /// Until when a phase may last that begins now: as long as was set; where nothing was, a quarter of `max_wait_time`, and what is left to so
    /// many quarters of it, so that a phase leaves to the next what it does not need.
    pub(super) fn until(&self, own: Option<Duration>, quarters: u64) -> u64 {
        let (now, quarter) = (clock::uptime_ms(), self.memory.settings.max_wait_time.as_millis() as u64 / 4);
        own.map_or((now + quarter).max(self.leaves_since_ms + quarters * quarter), |own| now + own.as_millis() as u64)
    }

    pub(super) fn give_up(&mut self, why: Error) {
        if self.failed.is_none() {
            self.failed = Some(why);
            // One that is under way goes on as it was begun, or was hurried.
            if self.memory.header().lifecycle() < Lifecycle::Finishing {
                self.shut_down(self.memory.settings.shutdown);
            }
        }
    }

    /// Whether a callback has asked for it.
    pub(super) fn is_asked_to_shut_down(&self) -> bool {
        // Relaxed, all of them: the bell came after.
        (0..self.memory.settings.slots()).any(|slot| self.memory.worker(slot).asks_shutdown.load(Ordering::Relaxed) != 0)
            || self.memory.manager().asks_shutdown.load(Ordering::Relaxed) != 0
            || self.memory.header().asks_shutdown.load(Ordering::Relaxed) != 0
    }

    /// From phase to phase, as what each waits for comes true.
    pub(super) fn follow(&mut self) {
        let header = self.memory.header();
        if header.lifecycle() < Lifecycle::Leaving && self.is_asked_to_shut_down() {
            logging::info!("a callback asked for it: shutting down");
            self.leave();
        }
        if header.lifecycle() == Lifecycle::Leaving && clock::uptime_ms() >= self.leaves_at_ms {
            logging::info!("lame_duck is over: no connection is accepted any more");
            self.shut_down(self.memory.settings.shutdown);
        }
        let is_before = |until_ms: u64| clock::uptime_ms() < until_ms;
        if header.lifecycle() == Lifecycle::Finishing && !(is_before(header.waits_until_ms()) && self.memory.has_jobs_up_to(self.last_job))
        {
            self.drains_until_ms = self.until(self.phases.drain, 3);
            header.enter(Lifecycle::Draining);
            self.ring_all();
        }
        // What is left is the workers', to stop in: a client that does not read must not cost them that.
        let is_through = || self.reactors.is_empty() || header.connections() == 0 && !self.memory.has_packets();
        if header.lifecycle() == Lifecycle::Draining && (is_through() || !is_before(self.drains_until_ms)) {
            header.set_deadline(self.until(self.phases.stop, 4));
            header.enter(Lifecycle::Stopping);
            self.ring_all();
        }
    }

    /// Whether the manager, which ends what is late, is late itself: stopped, or stuck in a callback.
    pub(super) fn is_overdue(&self) -> bool {
        let header = self.memory.header();
        header.lifecycle() == Lifecycle::Stopping && clock::uptime_ms() > header.deadline_ms() + LAST_WAIT.as_millis() as u64
    }

    /// Everything ends: the standby, the reactors, whatever is left.
    pub(super) fn end<S: Server>(mut self) -> Result<()> {
        // Reactors that come to rest would not end.
        #[cfg(feature = "cli")]
        self.give_up_update(SHUTS_DOWN);
        self.memory.header().enter(Lifecycle::Stopping);
        self.ring_all();
        if self.failed.is_some() {
            self.family.end_all();
        }
        self.family.send_standby_off();
        while let Some(reactor) = self.reactors.pop() {
            if reactor.join().is_err() {
                logging::error!("a reactor panicked: this is a bug of the server framework");
            }
        }
        if contract::takes_packets::<S>() {
            self.memory.sockets.end();
        }
        let start = Instant::now();
        while self.family.children().next().is_some() {
            self.family.bury();
            if start.elapsed() > LAST_WAIT {
                self.family.end_all();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(on_shutdown) = S::DISPATCH.on_shutdown {
            run_callback("on_shutdown", || on_shutdown(&self.context));
        }
        #[cfg(feature = "cli")]
        let is_another = self.memory.header().handover() == Handover::Done;
        #[cfg(not(feature = "cli"))]
        let is_another = false;
        logging::info!("{}", if is_another { "this process has ended" } else { "the server has ended" });
        // Who waits for an update hears of it.
        #[cfg(feature = "cli")]
        self.hear_commands();
        #[cfg(feature = "cli")]
        if let Some(mut control) = self.control.take() {
            let failed = self.failed.as_ref().map(ToString::to_string);
            control.end(failed.as_deref().map_or(Ok(()), Err));
        }
        match self.failed.take() {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }
}
