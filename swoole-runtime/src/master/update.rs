//! A new master takes the server over, with all sessions: it is started beside this one, as a server of its own that has these listeners, and
//! when its workers are ready it is given the sessions, which rest meanwhile.
//!
//! ```text
//! starts ─▶ quiet: nothing is read, what was read comes to its end ─▶ stops: the workers end ─▶ the reactors give up their sessions ─▶
//! the new master has taken them ─▶ gone: they are its own, and this server ends
//! ```
//!
//! If it fails, or dies, before it has said that it has taken them, it is ended, and this server goes on: with the workers that it has, or with
//! others.
//!
//! If this process dies here: before the sessions are on their way the server ends, and with it the new one; behind that the new one goes on.

use super::{arrival::Arrival, life::Life};
use crate::{
    contract::Server,
    logging,
    process::{Group, Handover, Known, Lifecycle, Server as Description, word},
    reactor::Parcel,
    sync::Ordering,
    sys::{
        clock,
        handover::{self, Line, MOST},
        pidfd::PidFd,
    },
};
use core::time::Duration;
use nix::{errno::Errno, sys::signal::Signal};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
    path::PathBuf,
    time::Instant,
};

/// How long a word to the other side may wait for room, and that side to say that it serves.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the other side may take to take all sessions; and how often this one shows meanwhile that it lives.
const PASSING: Duration = Duration::from_secs(5);
const PING: Duration = Duration::from_millis(100);

/// How long a process that was ended may take to be gone.
const GONE: Duration = Duration::from_secs(1);

/// Why an update is given up that a shutdown overtakes.
pub(super) const SHUTS_DOWN: &str = "the server shuts down";

/// How often it is looked whether the next step can be taken.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// One under way.
pub(super) struct Update {
    line: Line,
    process: PidFd,
    pub(super) pid: u32,
    stage: Stage,
    until_ms: u64,
    /// Why it comes to nothing when the workers have ended.
    called_off: Option<&'static str>,
}

/// See above.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Starts,
    Quiet,
    Stops,
    Gone,
}

impl Life {
    /// Starts the program that lies at the server's path, which is to take the place of this one.
    ///
    /// # Errors
    /// In words, when nothing is begun.
    pub(super) fn begin_update(&mut self) -> Result<(), String> {
        let header = self.memory.header();
        if header.lifecycle() != Lifecycle::Running {
            return Err("the server starts or ends".to_owned());
        }
        if self.update.is_some() {
            return Err("an update is under way".to_owned());
        }
        if Group::ALL.iter().any(|&group| self.memory.manager().reloaded(group) != header.reload(group)) {
            return Err("a reload is under way".to_owned());
        }
        if std::process::id() == 1 {
            return Err("it is the first process of a container, which ends with it: start another container instead".to_owned());
        }
        // One that was put into the background has that parent, too, and systemd is told.
        if self.parent == 1 && !self.memory.settings.is_daemonized && !self.supervisor.is_there() {
            return Err("it was started by the first process of this machine or container, which may end all when the old master ends: \
                        set `daemonize`, or under systemd `Type=notify`"
                .to_owned());
        }
        let program = self.program.clone().unwrap_or_else(|| PathBuf::from("/proc/self/exe"));
        let failed = |e: io::Error| format!("the program at {} cannot be started: {e}", program.display());
        let (line, process, pid) = handover::start(&program, self.standard.as_ref()).map_err(failed)?;
        let known = self.listeners.iter().enumerate().map(|(at, listener)| Known {
            name: listener.name.to_owned(),
            url: listener.url.clone(),
            has_file: listener.place.is_some(),
            keeps_tails: self.keeps_tails.get(at) == Some(&true),
        });
        let settings = &self.memory.settings;
        let server = Description { max_conn: settings.max_conn, workers: settings.workers, listeners: known.collect() };
        let sockets: Vec<_> = self.listeners.iter().map(|listener| listener.socket.as_fd()).collect();
        self.family.spare(Some(pid));
        // One that has ended already has said why.
        let _ = line.send(word::SERVER, server.text().as_bytes(), &sockets, PATIENCE);
        logging::info!("update: the program at {} starts as pid {pid}", program.display());
        let until_ms = clock::uptime_ms() + self.memory.settings.ready_timeout.as_millis() as u64;
        self.update = Some(Update { line, process, pid, stage: Stage::Starts, until_ms, called_off: None });
        self.updated = None;
        Ok(())
    }

    /// Goes on with it. `all_ended` says that the manager has no worker any more.
    pub(super) fn follow_update<S: Server>(&mut self, all_ended: bool) {
        let Some(update) = &mut self.update else { return };
        let is_late = clock::uptime_ms() >= update.until_ms;
        let header = self.memory.header();
        match update.stage {
            Stage::Starts => match update.line.receive(Duration::ZERO) {
                Ok(Some(message)) if message.kind == word::READY => {
                    logging::info!("update: pid {} is ready", update.pid);
                    update.stage = Stage::Quiet;
                    update.until_ms = clock::uptime_ms() + self.memory.settings.max_wait_time.as_millis() as u64;
                    for reactor in 0..self.memory.settings.reactors {
                        // Relaxed: no reactor looks at it, and none writes it before it has seen what follows.
                        self.memory.reactor(reactor).is_at_rest.store(0, Ordering::Relaxed);
                    }
                    if let Some(acceptor) = &mut self.acceptor {
                        acceptor.rest();
                    }
                    header.hand_over(Handover::Quiet);
                    self.ring_all();
                }
                Ok(Some(message)) => {
                    let why = String::from_utf8_lossy(&message.bytes).into_owned();
                    self.give_up_update(&why);
                }
                Ok(None) if is_late => self.give_up_update("it was not ready within ready_timeout"),
                Ok(None) => {}
                Err(_) => self.give_up_update("it has ended; the reason is in the log"),
            },
            Stage::Quiet if update.process.has_ended() => self.give_up_update("it has ended; the reason is in the log"),
            Stage::Quiet => {
                // Acquire, label "at rest".
                let are_at_rest =
                    (0..self.memory.settings.reactors).all(|at| self.memory.reactor(at).is_at_rest.load(Ordering::Acquire) != 0);
                if are_at_rest {
                    update.stage = Stage::Stops;
                    self.stop_workers();
                } else if is_late {
                    self.give_up_update(
                        "a worker did not come to the end of what it has within max_wait_time: `status` names the callback",
                    );
                }
            }
            Stage::Stops if all_ended => self.pass_sessions::<S>(),
            Stage::Stops => {}
            Stage::Gone => {
                let pid = update.pid;
                match update.line.receive(Duration::ZERO) {
                    Ok(Some(_)) => self.has_updated(Ok(pid)),
                    Ok(None) if is_late => {
                        self.has_updated(Err("the new one has taken the sessions, and does not say that it serves".to_owned()))
                    }
                    Ok(None) => {}
                    Err(_) => self.has_updated(Err("the new one has ended behind the handover; the reason is in the log".to_owned())),
                }
            }
        }
    }

    /// Whether it is so far that a shutdown has to wait: for the end of the workers, or for the master that has taken the place of this one.
    pub(super) fn is_update_past_rest(&self) -> bool {
        self.update.as_ref().is_some_and(|update| matches!(update.stage, Stage::Stops | Stage::Gone))
    }

    /// What a shutdown means for an update that is under way; `true` where it comes later, or is another's.
    pub(super) fn puts_off_leaving(&mut self) -> bool {
        if self.arrival.as_ref().is_some_and(Arrival::has_taken) {
            self.leaves_later = true;
            return true;
        }
        match &mut self.update {
            Some(update) if update.stage == Stage::Stops => {
                // Workers are to be there for the ends of sessions.
                update.called_off = Some(SHUTS_DOWN);
                self.leaves_later = true;
                true
            }
            Some(update) if update.stage == Stage::Gone => {
                let _ = update.process.signal(Signal::SIGTERM);
                true
            }
            Some(_) => {
                self.give_up_update(SHUTS_DOWN);
                false
            }
            None => false,
        }
    }

    fn has_updated(&mut self, outcome: Result<u32, String>) {
        self.updated = Some(outcome);
        self.update = None;
    }

    /// Whether workers end for an update, and the manager is to be there still.
    pub(super) fn is_update_stopping(&self) -> bool {
        self.update.as_ref().is_some_and(|update| update.stage == Stage::Stops)
    }

    fn stop_workers(&mut self) {
        let header = self.memory.header();
        self.phases = self.memory.settings.shutdown;
        self.leaves_since_ms = clock::uptime_ms();
        header.set_waits_until(self.until(self.phases.jobs, 2));
        header.set_deadline(self.until(self.phases.stop, 4));
        header.enter(Lifecycle::Stopping);
        self.ring_all();
    }

    /// The reactors give up their sessions, and the new master takes them.
    fn pass_sessions<S: Server>(&mut self) {
        self.memory.header().hand_over(Handover::Leaving);
        self.ring_all();
        let mut parcels = Vec::new();
        for reactor in self.reactors.drain(..) {
            match reactor.join() {
                Ok(mut left) => {
                    parcels.append(&mut left.parcels);
                    self.file_lines.push(left.file_lines);
                }
                Err(_) => logging::error!("a reactor panicked: this is a bug of the server framework"),
            }
        }
        if self.is_asked_to_shut_down() {
            self.puts_off_leaving();
        }
        let Some(update) = &self.update else { return };
        let passed = match update.called_off {
            Some(why) => Err(why.to_owned()),
            None => self.pass(&parcels).map_err(|e| format!("it did not take the sessions: {e}")),
        };
        match passed {
            Ok(()) => self.leave_to_new_one(parcels),
            Err(why) => {
                self.abandon(&why);
                self.go_on_with::<S>(parcels);
                if core::mem::take(&mut self.leaves_later) {
                    self.leave();
                }
            }
        }
    }

    /// All of it within one time, in which this process shows that it lives, and hears nothing else.
    fn pass(&mut self, parcels: &[Parcel]) -> io::Result<()> {
        let Some(update) = &self.update else { return Err(io::ErrorKind::NotConnected.into()) };
        let (note, descriptors) = Parcel::pack(parcels)?;
        let mut counters = vec![self.acceptor.as_ref().map_or(1, |acceptor| acceptor.next().get())];
        counters.extend(self.memory.header().counters());
        let counters: Vec<u8> = counters.into_iter().flat_map(u64::to_le_bytes).collect();
        let start = Instant::now();
        let supervisor = &mut self.supervisor;
        let mut send = |kind, bytes: &[u8], descriptors: &[BorrowedFd<'_>]| loop {
            match update.line.send(kind, bytes, descriptors, PING) {
                Err(e) if is_later(&e) && start.elapsed() < PASSING => supervisor.tell(),
                sent => return sent,
            }
        };
        send(word::SESSIONS, &counters, &[note.as_fd()])?;
        descriptors.chunks(MOST).try_for_each(|some| send(word::DESCRIPTORS, &[], some))?;
        send(word::ALL, &[], &[])?;
        logging::info!("update: {} sessions are passed to pid {}", parcels.len(), update.pid);
        loop {
            match update.line.receive(PING)? {
                Some(message) if message.kind == word::TAKEN => return Ok(()),
                Some(message) => return Err(io::Error::other(String::from_utf8_lossy(&message.bytes).into_owned())),
                None if start.elapsed() < PASSING => self.supervisor.tell(),
                None => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }

    /// They are its own: this process gives up its names, and ends.
    fn leave_to_new_one(&mut self, parcels: Vec<Parcel>) {
        let Some(update) = &mut self.update else { return };
        self.memory.header().hand_over(Handover::Done);
        self.stats_file = None;
        if let Some(control) = &mut self.control {
            control.accepts_no_more();
        }
        self.acceptor = None;
        // Their files stay where they are.
        self.listeners.clear();
        drop(parcels);
        self.supervisor.is_another(update.pid);
        logging::info!("update: pid {} goes on; this process ends", update.pid);
        self.gives_up_names = true;
        update.stage = Stage::Gone;
        update.until_ms = clock::uptime_ms() + PATIENCE.as_millis() as u64;
        self.memory.bells.manager.ring();
    }

    /// Behind the names, which are free then.
    pub(super) fn let_new_one_serve(&mut self) {
        if let Some(update) = &self.update
            && let Err(e) = update.line.send(word::YOURS, &[], &[], PATIENCE)
        {
            logging::error!("update: pid {} does not hear: {e}", update.pid);
        }
    }

    /// Nothing has changed, but that workers are others.
    fn go_on_with<S: Server>(&mut self, parcels: Vec<Parcel>) {
        let header = self.memory.header();
        // In this order, before the reactors begin: they end where the server stops, and nothing is handed over.
        header.enter(Lifecycle::Running);
        header.hand_over(Handover::None);
        match self.start_reactors::<S>(parcels) {
            Ok((intakes, shares)) => {
                if let Some(acceptor) = &mut self.acceptor {
                    acceptor.go_on(intakes, shares);
                }
                self.ring_all();
            }
            Err(e) => {
                let what = "the reactors cannot be started again";
                self.give_up(crate::error::Error::start_io(what, e, "raise the limits of descriptors and threads"));
            }
        }
    }

    /// It comes to nothing while reactors and workers are there.
    pub(super) fn give_up_update(&mut self, why: &str) {
        // Behind the handover it is the server.
        if self.update.as_ref().is_none_or(|update| update.stage == Stage::Gone) {
            return;
        }
        self.abandon(why);
        self.memory.header().hand_over(Handover::None);
        if let Some(acceptor) = &mut self.acceptor {
            acceptor.rests_no_more();
        }
        self.ring_all();
    }

    /// The new one is ended.
    fn abandon(&mut self, why: &str) {
        let Some(update) = self.update.take() else { return };
        self.end_new_one(&update.process);
        let so = if why == SHUTS_DOWN { "the update is given up" } else { "the update is given up, and nothing has changed" };
        logging::error!("{so}: {why}");
        self.updated = Some(Err(format!("{so}: {why}")));
    }

    fn end_new_one(&mut self, process: &PidFd) {
        let _ = process.signal(Signal::SIGKILL);
        process.wait(GONE);
        process.reap();
        self.family.spare(None);
    }
}

/// What was to be sent finds no room.
fn is_later(e: &io::Error) -> bool {
    matches!(e.raw_os_error().map(Errno::from_raw), Some(Errno::EAGAIN | Errno::ENOBUFS | Errno::ETOOMANYREFS))
}
