//! The master's main loop, from the first ready worker to the last closed session.

use super::{Born, Listener, Names, accept::Acceptor, family::Family, supervisor::Supervisor};
#[cfg(feature = "cli")]
use super::{
    arrival::{self, Arrival},
    control::Control,
    keeps_tails,
    stats_file::StatsFile,
    update::{self, Update},
};
use crate::{
    context::Master as Context,
    contract::{Outcome, Server},
    error::{Error, Result},
    layout::Memory,
    logging,
    process::{Group, Lifecycle},
    settings::Phases,
    sys::{clock, lifeline::Life as Lifeline, listener::Address, packet::Packets, signals},
};
#[cfg(feature = "cli")]
use crate::{reactor::Left, sys::standard::Standard};
use core::time::Duration;
use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use nix::sys::{signal::Signal, signalfd::SignalFd};
#[cfg(feature = "cli")]
use std::path::PathBuf;
use std::{io, os::fd::AsRawFd, thread::JoinHandle};

const SIGNALS: Token = Token(0);
const BELL: Token = Token(1);
const FAMILY: Token = Token(2);
#[cfg(feature = "cli")]
pub(super) const CONTROL: Token = Token(3);
pub(super) const LISTENERS: Token = Token(4);

/// How long processes that should have ended by themselves may take before they are ended.
pub(super) const LAST_WAIT: Duration = Duration::from_millis(500);

/// The master at work.
pub(super) struct Life {
    pub(super) memory: &'static Memory,
    pub(super) poll: Poll,
    pub(super) signals: SignalFd,
    pub(super) family: Family,
    pub(super) supervisor: Supervisor,
    #[cfg(feature = "cli")]
    pub(super) control: Option<Control>,
    #[cfg(feature = "cli")]
    pub(super) stats_file: Option<StatsFile>,
    /// Where the program lies that may take the place of this one; its taking it, and how the last one ended.
    #[cfg(feature = "cli")]
    pub(super) program: Option<PathBuf>,
    #[cfg(feature = "cli")]
    pub(super) update: Option<Update>,
    #[cfg(feature = "cli")]
    pub(super) updated: Option<Result<u32, String>>,
    /// For each listener whether something may have come in that no worker has had.
    #[cfg(feature = "cli")]
    pub(super) keeps_tails: Vec<bool>,
    /// What standard output and error were before the log became what they are.
    #[cfg(feature = "cli")]
    pub(super) standard: Option<Standard>,
    /// The process that has started this one.
    #[cfg(feature = "cli")]
    pub(super) parent: u32,
    /// It was told to shut down where that has to wait for the end of an update, or of its own arrival.
    #[cfg(feature = "cli")]
    pub(super) leaves_later: bool,
    /// Whether its names are to be another's now.
    #[cfg(feature = "cli")]
    pub(super) gives_up_names: bool,
    /// The server whose place this one takes, until it has.
    #[cfg(feature = "cli")]
    pub(super) arrival: Option<Arrival>,
    pub(super) context: Context,
    /// Bound at birth, given to the acceptor when a worker is ready.
    pub(super) listeners: Vec<Listener>,
    pub(super) acceptor: Option<Acceptor>,
    #[cfg(feature = "cli")]
    pub(super) reactors: Vec<JoinHandle<Left>>,
    #[cfg(not(feature = "cli"))]
    pub(super) reactors: Vec<JoinHandle<()>>,
    /// Of the reactors, while there are none.
    pub(super) file_lines: Vec<Vec<Packets>>,
    pub(super) failed: Option<Error>,
    /// A worker was ready once.
    pub(super) is_ready: bool,
    pub(super) all_ended: bool,
    /// How many reloads of each group callbacks have asked for, as far as they were heard.
    pub(super) asked: [u32; Group::COUNT],
    /// Until when it serves as before that was told to shut down.
    pub(super) leaves_at_ms: u64,
    /// How long each phase of the shutdown may take, when it has begun, and until when it waits for sessions. The other two bounds stand in
    /// the header.
    pub(super) phases: Phases,
    pub(super) leaves_since_ms: u64,
    pub(super) drains_until_ms: u64,
    /// The last job that was handed over before the shutdown.
    pub(super) last_job: u64,
    _life: Lifeline,
}

impl Life {
    pub(super) fn begin(memory: &'static Memory, born: Born) -> Result<Self> {
        let machinery = |e: io::Error| Error::start_io("the master's event loop cannot be made", e, "raise the descriptor limit");
        let Born { life, listeners, manager, standby, manager_line, standby_line, file_lines, .. } = born;
        let poll = Poll::new().map_err(machinery)?;
        let signals = signals::descriptor().map_err(machinery)?;
        poll.registry().register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE).map_err(machinery)?;
        poll.registry().register(&mut SourceFd(&memory.bells.master.as_raw_fd()), BELL, Interest::READABLE).map_err(machinery)?;
        let registry = poll.registry().try_clone().map_err(machinery)?;
        #[cfg(feature = "cli")]
        let control = match born.control {
            Some(socket) => Some(Control::new(socket, registry.try_clone().map_err(machinery)?, CONTROL).map_err(machinery)?),
            None => None,
        };
        let family = Family::new(memory, registry, FAMILY, manager, standby, manager_line, standby_line).map_err(machinery)?;
        let of_internet = |listener: &Listener| match listener.address {
            Address::Internet(address) => Some(address),
            Address::Path(_) | Address::Abstract(_) => None,
        };
        let addresses = listeners.iter().filter_map(of_internet).collect();
        Ok(Self {
            memory,
            poll,
            signals,
            family,
            supervisor: Supervisor::of_environment(memory),
            #[cfg(feature = "cli")]
            control,
            #[cfg(feature = "cli")]
            stats_file: None,
            #[cfg(feature = "cli")]
            program: born.program,
            #[cfg(feature = "cli")]
            update: None,
            #[cfg(feature = "cli")]
            updated: None,
            #[cfg(feature = "cli")]
            standard: born.standard,
            #[cfg(feature = "cli")]
            keeps_tails: Vec::new(),
            #[cfg(feature = "cli")]
            parent: std::os::unix::process::parent_id(),
            #[cfg(feature = "cli")]
            leaves_later: false,
            #[cfg(feature = "cli")]
            gives_up_names: false,
            #[cfg(feature = "cli")]
            arrival: born.arrival,
            context: Context::new(memory, addresses),
            listeners,
            acceptor: None,
            reactors: Vec::new(),
            file_lines,
            failed: None,
            is_ready: false,
            all_ended: false,
            asked: [0; Group::COUNT],
            leaves_at_ms: 0,
            phases: memory.settings.shutdown,
            leaves_since_ms: 0,
            drains_until_ms: 0,
            last_job: 0,
            _life: life,
        })
    }

    pub(super) fn go_on<S: Server>(mut self, names: &mut dyn Names) -> Result<()> {
        #[cfg(feature = "cli")]
        {
            self.keeps_tails = (0..self.listeners.len()).map(|at| keeps_tails::<S>(at)).collect();
        }
        let mut events = Events::with_capacity(64);
        loop {
            let child_ended = self.hear_signals();
            let lifecycle = self.memory.header().lifecycle();
            let news = self.family.look(lifecycle == Lifecycle::Stopping, self.wants_manager(), child_ended);
            self.all_ended |= news.all_ended && !self.wants_manager();
            self.is_ready |= news.ready;
            if self.is_ready && lifecycle == Lifecycle::Starting {
                self.open::<S>(names);
            }
            if news.failed {
                self.give_up(Error::start("the server cannot go on", "the reason is in the log"));
            }
            if news.orphaned {
                self.give_up(Error::start("manager and standby have both died", "start the server again"));
                break;
            }
            self.follow();
            #[cfg(feature = "cli")]
            {
                self.follow_update::<S>(news.all_ended);
                if core::mem::take(&mut self.gives_up_names) {
                    names.give_up();
                    self.let_new_one_serve();
                }
            }
            self.supervisor.tell();
            self.hear_callbacks();
            if self.all_ended && !self.is_passing_on() {
                // Whoever waits for an update need not wait for `on_shutdown`.
                #[cfg(feature = "cli")]
                self.hear_commands();
                break;
            }
            if self.is_overdue() && self.wants_manager() {
                // The standby does what this one was to do.
                self.family.end_manager();
                self.memory.header().set_deadline(clock::uptime_ms() + LAST_WAIT.as_millis() as u64);
            } else if self.is_overdue() && !self.all_ended {
                logging::error!("the manager does not end in time: everything is ended by force");
                self.family.end_all();
                break;
            }
            if let Some(acceptor) = &mut self.acceptor {
                acceptor.accept();
            }
            #[cfg(feature = "cli")]
            self.hear_commands();
            #[cfg(feature = "cli")]
            if let Some(stats_file) = &mut self.stats_file {
                stats_file.follow(self.memory);
            }
            if let Err(e) = self.poll.poll(&mut events, self.timeout())
                && e.kind() != io::ErrorKind::Interrupted
            {
                self.give_up(Error::start_io("the master cannot wait", e, ""));
                break;
            }
            if events.iter().any(|event| event.token() >= LISTENERS)
                && let Some(acceptor) = &mut self.acceptor
            {
                acceptor.more = true;
            }
            #[cfg(feature = "cli")]
            if events.iter().any(|event| event.token() == CONTROL)
                && let Some(control) = &mut self.control
            {
                control.has_news();
            }
        }
        self.end::<S>()
    }

    /// Whether a manager that has ended all workers is to begin others, should that be wanted.
    fn wants_manager(&self) -> bool {
        #[cfg(feature = "cli")]
        return self.is_update_stopping();
        #[cfg(not(feature = "cli"))]
        return false;
    }

    /// Whether the master that has taken the place of this one has not said yet that it serves.
    fn is_passing_on(&self) -> bool {
        #[cfg(feature = "cli")]
        return self.update.is_some();
        #[cfg(not(feature = "cli"))]
        return false;
    }

    /// Says whether a child has ended.
    fn hear_signals(&mut self) -> bool {
        let mut child_ended = false;
        while let Ok(Some(signal)) = self.signals.read_signal() {
            let number = signal.ssi_signo;
            if number == Signal::SIGINT as u32 || number == Signal::SIGTERM as u32 {
                let again = self.is_told_again();
                logging::info!(
                    "{}: shutting down{}",
                    if number == Signal::SIGINT as u32 { "SIGINT" } else { "SIGTERM" },
                    if again { " at once" } else { "" }
                );
                if again { self.shut_down(Phases::AT_ONCE) } else { self.leave() }
            } else if number == Signal::SIGCHLD as u32 {
                child_ended = true;
            } else if number == Signal::SIGUSR1 as u32 {
                let _ = self.reload("SIGUSR1", &Group::ALL);
            } else if number == Signal::SIGUSR2 as u32 {
                let _ = self.reload("SIGUSR2", &[Group::TaskWorkers]);
            } else if number == Signal::SIGHUP as u32 {
                let _ = self.reopen_log("SIGHUP");
            }
        }
        child_ended
    }

    /// Whether a signal to shut down is not the first.
    fn is_told_again(&self) -> bool {
        #[cfg(feature = "cli")]
        if self.is_update_past_rest() {
            return self.leaves_later;
        }
        self.memory.header().lifecycle() >= Lifecycle::Leaving
    }

    /// Opens the log file anew, for every process: nobody else has it open.
    pub(super) fn reopen_log(&self, asked_by: &str) -> Result<(), String> {
        match logging::reopen() {
            Ok(true) => {
                logging::info!("{asked_by}: the log is opened anew");
                Ok(())
            }
            Ok(false) => {
                logging::info!("{asked_by}: the log is standard error, and there is nothing to open anew");
                Err("the log is standard error, and there is nothing to open anew".to_owned())
            }
            Err(e) => {
                logging::error!("{asked_by}: the log cannot be opened anew, and stays as it is: {e}");
                Err(format!("the log cannot be opened anew, and stays as it is: {e}"))
            }
        }
    }

    /// Reloads that callbacks ask for; before the server runs they wait.
    fn hear_callbacks(&mut self) {
        let memory = self.memory;
        if memory.header().lifecycle() != Lifecycle::Running || self.is_passing_on() {
            return;
        }
        let count = |group| {
            let slots = (0..memory.settings.slots()).map(|slot| memory.worker(slot).asks_reload.count(group));
            slots.chain([memory.manager().asks_reload.count(group), memory.header().asks_reload.count(group)]).fold(0, u32::wrapping_add)
        };
        let now = Group::ALL.map(count);
        let groups: Vec<Group> = Group::ALL.into_iter().filter(|&group| now[group as usize] != self.asked[group as usize]).collect();
        if !groups.is_empty() {
            self.asked = now;
            let _ = self.reload("a callback", &groups);
        }
    }

    /// Has the manager replace all processes of these groups; one that it is still at is not begun again.
    ///
    /// # Errors
    /// In words, when nothing is replaced now.
    pub(super) fn reload(&self, asked_by: &str, groups: &[Group]) -> Result<(), &'static str> {
        let header = self.memory.header();
        #[cfg(feature = "cli")]
        if self.update.is_some() {
            let why = "an update is under way, which replaces all";
            logging::warn!("{asked_by}: {why}");
            return Err(why);
        }
        if header.lifecycle() != Lifecycle::Running {
            let why = "nothing is replaced while the server starts or ends";
            logging::warn!("{asked_by}: {why}");
            return Err(why);
        }
        if groups == [Group::TaskWorkers] && self.memory.settings.task_workers == 0 {
            let why = "there are no task workers to replace";
            logging::warn!("{asked_by}: {why}");
            return Err(why);
        }
        let (through, under_way): (Vec<Group>, Vec<Group>) =
            groups.iter().partition(|&&group| self.memory.manager().reloaded(group) == header.reload(group));
        if !under_way.is_empty() {
            logging::info!("{asked_by}: a reload is under way, and goes on");
        }
        if !through.is_empty() {
            logging::info!("{asked_by}: reloading");
            through.into_iter().for_each(|group| header.ask_reload(group));
            self.memory.bells.manager.ring();
        }
        Ok(())
    }

    pub(super) fn ring_all(&self) {
        let bells = &self.memory.bells;
        for bell in bells.reactors.iter().chain(&bells.workers).chain([&bells.manager]) {
            bell.ring();
        }
    }

    fn timeout(&self) -> Option<Duration> {
        let own = match self.memory.header().lifecycle() {
            // A worker that dies in this phase may leave no other sign than its end, which the manager sees.
            Lifecycle::Leaving | Lifecycle::Finishing | Lifecycle::Draining | Lifecycle::Stopping => Some(Duration::from_millis(20)),
            _ => {
                let waits = self.acceptor.as_ref().and_then(Acceptor::timeout).into_iter().chain(self.family.timeout());
                #[cfg(feature = "cli")]
                let waits = waits.chain(self.control.as_ref().and_then(Control::timeout));
                waits.min()
            }
        };
        let own = own.into_iter().chain(self.supervisor.timeout());
        #[cfg(feature = "cli")]
        let own = own
            .chain(self.stats_file.as_ref().map(StatsFile::timeout))
            .chain(self.update.as_ref().map(|_| update::LOOK_AGAIN))
            .chain(self.arrival.as_ref().map(|_| arrival::LOOK_AGAIN));
        own.min()
    }
}

/// A callback of the master; a panic in it is caught, since the master holds every socket.
pub(super) fn run_callback(name: &str, callback: impl FnOnce() -> Outcome) {
    match std::panic::catch_unwind(core::panic::AssertUnwindSafe(callback)) {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => logging::warn!("{name}: {}", failure.0),
        Err(_) => logging::error!("{name} panicked; the server goes on"),
    }
}
