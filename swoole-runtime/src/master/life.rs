//! The master's main loop, from the first ready worker to the last closed session.

use super::{
    Born, Listener, Names, ProgramOf,
    accept::{Acceptor, Door},
    family::Family,
    supervisor::Supervisor,
};
#[cfg(feature = "cli")]
use super::{
    arrival::{self, Arrival, Taken},
    control::Control,
    stats_file::StatsFile,
    update::{self, Update},
};
use crate::{
    context::Master as Context,
    contract::{self, Outcome, Server},
    error::{Error, Result, spoken},
    layout::Memory,
    logging,
    process::{Group, Lifecycle},
    reactor::{Intake, Reactor, Shares},
    settings::Phases,
    sync::Ordering,
    sys::{
        clock,
        lifeline::Life as Lifeline,
        listener::{Address, Placed},
        packet::Packets,
        signals,
    },
};
#[cfg(feature = "cli")]
use crate::{
    process::Handover,
    reactor::{Left, Parcel},
};
use core::time::Duration;
use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use nix::sys::{signal::Signal, signalfd::SignalFd};
#[cfg(feature = "cli")]
use std::path::PathBuf;
use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    sync::Arc,
    thread::JoinHandle,
    time::Instant,
};

const SIGNALS: Token = Token(0);
const BELL: Token = Token(1);
const FAMILY: Token = Token(2);
#[cfg(feature = "cli")]
const CONTROL: Token = Token(3);
const LISTENERS: Token = Token(4);

/// How long processes that should have ended by themselves may take before they are ended.
const LAST_WAIT: Duration = Duration::from_millis(500);

/// The master at work.
pub(super) struct Life {
    pub(super) memory: &'static Memory,
    poll: Poll,
    signals: SignalFd,
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
    /// Whether its names are to be another's now.
    #[cfg(feature = "cli")]
    pub(super) gives_up_names: bool,
    /// The server whose place this one takes, until it has.
    #[cfg(feature = "cli")]
    arrival: Option<Arrival>,
    context: Context,
    /// Bound at birth, given to the acceptor when a worker is ready.
    pub(super) listeners: Vec<Listener>,
    pub(super) acceptor: Option<Acceptor>,
    #[cfg(feature = "cli")]
    pub(super) reactors: Vec<JoinHandle<Left>>,
    #[cfg(not(feature = "cli"))]
    reactors: Vec<JoinHandle<()>>,
    /// Of the reactors, while there are none.
    pub(super) file_lines: Vec<Vec<Packets>>,
    failed: Option<Error>,
    /// A worker was ready once.
    is_ready: bool,
    all_ended: bool,
    /// How many reloads of each group callbacks have asked for, as far as they were heard.
    asked: [u32; Group::COUNT],
    /// Until when it serves as before that was told to shut down.
    leaves_at_ms: u64,
    /// How long each phase of the shutdown may take, when it has begun, and until when it waits for sessions. The other two bounds stand in
    /// the header.
    pub(super) phases: Phases,
    pub(super) leaves_since_ms: u64,
    drains_until_ms: u64,
    /// The last job that was handed over before the shutdown.
    last_job: u64,
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
        let mut events = Events::with_capacity(64);
        loop {
            let child_ended = self.hear_signals();
            let lifecycle = self.memory.header().lifecycle();
            let news = self.family.look(lifecycle == Lifecycle::Stopping && !self.wants_manager(), child_ended);
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

    /// Whether it takes the place of another.
    fn is_arriving(&self) -> bool {
        #[cfg(feature = "cli")]
        return self.arrival.is_some();
        #[cfg(not(feature = "cli"))]
        return false;
    }

    /// A worker is ready: reactors, then the listeners. Where the place of another server is taken, when that is over.
    fn open<S: Server>(&mut self, names: &mut dyn Names) {
        #[cfg(feature = "cli")]
        let taken = match self.arrival.as_mut().map(|arrival| arrival.follow(self.memory)) {
            None => Taken::default(),
            Some(Ok(Some(taken))) => taken,
            Some(Ok(None)) => return,
            Some(Err(e)) => return self.give_up(e),
        };
        #[cfg(feature = "cli")]
        self.memory.header().count_on(&taken.counters);
        let opened = self.start_reactors::<S>(
            #[cfg(feature = "cli")]
            taken.parcels,
        );
        self.memory.header().enter(Lifecycle::Running);
        match opened.and_then(|(intakes, shares)| Ok(Acceptor::new(self.memory, self.doors()?, intakes, S::DISPATCHING.mode, shares))) {
            Ok(acceptor) => self.acceptor = Some(acceptor),
            Err(e) => {
                return self.give_up(Error::start_io("the reactors cannot be started", e, "raise the limits of descriptors and threads"));
            }
        }
        #[cfg(feature = "cli")]
        if let (Some(acceptor), Some(next)) = (&mut self.acceptor, taken.next) {
            acceptor.begin_at(next);
        }
        for (at, Listener { name, url, address, .. }) in self.listeners.iter().enumerate() {
            let scheme = url.split(':').next().unwrap_or("tcp");
            match at {
                0 => logging::info!("listening on {scheme}://{address} ({url})"),
                _ => logging::info!("listening on {scheme}://{address} ({url}) as {name}"),
            }
        }
        #[cfg(feature = "cli")]
        if let Some(path) = &self.memory.settings.stats_file {
            match StatsFile::create(path, self.memory) {
                Ok(file) => self.stats_file = Some(file),
                Err(e) if self.is_arriving() => logging::error!("the file {path} of `stats_file` cannot be written: {e}"),
                Err(e) => {
                    let what = format!("the file {path} of `stats_file` cannot be written");
                    return self.give_up(Error::start_io(what, e, "set `stats_file` to a file that can be written"));
                }
            }
        }
        if let Err(e) = names.take() {
            // Where the place of another is taken its sessions are worth more.
            if !self.is_arriving() {
                return self.give_up(e);
            }
            logging::error!("{e}");
        }
        #[cfg(feature = "cli")]
        if let Some(arrival) = self.arrival.take() {
            let control = |socket| Control::new(socket, self.poll.registry().try_clone()?, CONTROL);
            self.control = names.control().map(control).transpose().unwrap_or_else(|e| {
                logging::error!("no command will reach this server: {e}");
                None
            });
            arrival.serves();
        }
        if let Some(on_start) = S::DISPATCH.on_start {
            run_callback("on_start", || on_start(&self.context));
        }
    }

    /// Starts the reactors, with these sessions.
    pub(super) fn start_reactors<S: Server>(
        &mut self,
        #[cfg(feature = "cli")] parcels: Vec<Parcel>,
    ) -> io::Result<(Vec<Intake>, Arc<Shares>)> {
        let shares = Arc::new(Shares::new(self.memory.settings.workers));
        let (mut intakes, mut reactors) = (Vec::new(), Vec::new());
        for (index, file_lines) in core::mem::take(&mut self.file_lines).into_iter().enumerate() {
            let (reactor, intake) = Reactor::<ProgramOf<S>>::new(self.memory, index, file_lines, Arc::clone(&shares))?;
            intakes.push(intake);
            reactors.push(reactor);
        }
        #[cfg(feature = "cli")]
        for parcel in parcels {
            reactors[parcel.reactor()].take_up(parcel);
        }
        for (index, reactor) in reactors.into_iter().enumerate() {
            let thread = std::thread::Builder::new().name(format!("reactor-{index}")).stack_size(256 << 10).spawn(move || reactor.run())?;
            self.reactors.push(thread);
        }
        Ok((intakes, shares))
    }

    /// Where connections come in.
    fn doors(&self) -> io::Result<Vec<(usize, Door)>> {
        let mut doors = Vec::new();
        for (at, Listener { socket, .. }) in self.listeners.iter().enumerate() {
            // Packets come to a reactor by themselves.
            if let Some(door) = Door::new(socket)? {
                let (token, fd) = (Token(LISTENERS.0 + at), socket.as_fd().as_raw_fd());
                self.poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
                doors.push((at, door));
            }
        }
        Ok(doors)
    }

    /// Says whether a child has ended.
    fn hear_signals(&mut self) -> bool {
        let mut child_ended = false;
        while let Ok(Some(signal)) = self.signals.read_signal() {
            let number = signal.ssi_signo;
            if number == Signal::SIGINT as u32 || number == Signal::SIGTERM as u32 {
                let again = self.memory.header().lifecycle() >= Lifecycle::Leaving;
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
        if memory.header().lifecycle() != Lifecycle::Running {
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

    /// Begins the shutdown, after `lame_duck`.
    pub(super) fn leave(&mut self) {
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
        self.give_up_update("the server shuts down");
        let header = self.memory.header();
        self.acceptor = None;
        for listener in self.listeners.drain(..) {
            // Closed only then: nobody takes it for one that was left.
            listener.place.iter().for_each(Placed::remove);
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

    /// From phase to phase, as what each waits for comes true.
    fn follow(&mut self) {
        let header = self.memory.header();
        let asked = || {
            // Relaxed, all of them: the bell came after.
            (0..self.memory.settings.slots()).any(|slot| self.memory.worker(slot).asks_shutdown.load(Ordering::Relaxed) != 0)
                || self.memory.manager().asks_shutdown.load(Ordering::Relaxed) != 0
                || header.asks_shutdown.load(Ordering::Relaxed) != 0
        };
        if header.lifecycle() < Lifecycle::Leaving && asked() {
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
    fn is_overdue(&self) -> bool {
        let header = self.memory.header();
        header.lifecycle() == Lifecycle::Stopping && clock::uptime_ms() > header.deadline_ms() + LAST_WAIT.as_millis() as u64
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

    /// Everything ends: the standby, the reactors, whatever is left.
    fn end<S: Server>(mut self) -> Result<()> {
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

/// A callback of the master; a panic in it is caught, since the master holds every socket.
fn run_callback(name: &str, callback: impl FnOnce() -> Outcome) {
    match std::panic::catch_unwind(core::panic::AssertUnwindSafe(callback)) {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => logging::warn!("{name}: {}", failure.0),
        Err(_) => logging::error!("{name} panicked; the server goes on"),
    }
}
