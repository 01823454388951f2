//! The manager's loop: a reconciler. On every turn it holds the wanted workers against the live ones and does what is missing; no turn
//! depends on what woke it.

use super::{
    Inherited, Next,
    children::{Child, Slot},
    program::{Exec, Programs},
};
use crate::{
    context::{Manager as Context, Outbox, Postbox},
    contract::{Outcome, Server},
    event::State,
    layout::{Memory, Role},
    logging::{self, Speaker},
    process::{Group, Handover, Lifecycle, Taking, ToManager, ToMaster},
    ring::Look,
    sync::Ordering,
    sys::{
        clock,
        fork::{Side, SingleThreaded, fork},
        lifeline::Tied,
        pidfd::PidFd,
        signals,
        wake::Bell,
    },
};
use core::time::Duration;
use mio::{Events, Interest, Poll, Token, unix::SourceFd};
use nix::{
    sys::{
        signal::{Signal, kill},
        signalfd::SignalFd,
    },
    unistd::Pid,
};
use std::{
    io::{self, Write},
    os::fd::{AsRawFd, OwnedFd},
    rc::Rc,
    time::Instant,
};

const LIFELINE: Token = Token(usize::MAX);
const LINE: Token = Token(usize::MAX - 1);
const SIGNALS: Token = Token(usize::MAX - 2);
const BELL: Token = Token(usize::MAX - 3);
pub(super) const STANDBY: Token = Token(usize::MAX - 4);

/// How often every slot must have failed, none ever being ready, before the server gives up.
const HOPELESS: u32 = 3;

/// How often the master is asked about processes that only it can reap.
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// The manager at work.
pub(super) struct Life {
    pub(super) memory: &'static Memory,
    pub(super) context: Context,
    pub(super) slots: Vec<Slot>,
    pub(super) programs: Programs,
    /// Successors that a predecessor of this manager has forked, as long as they may live.
    pub(super) called_off: Vec<u32>,
    /// Whether `on_before_reload` has run, and `on_after_reload` has not.
    pub(super) is_reloading: bool,
    inherited: Inherited,
    pub(super) poll: Poll,
    signals: SignalFd,
    _tied: Tied,
    /// The standby, when this manager has forked it.
    pub(super) standby: Option<PidFd>,
    pub(super) wants_standby: bool,
    /// Not before then, after a failure.
    pub(super) standby_again: Option<Instant>,
    said_ready: bool,
    said_failed: bool,
    pub(super) last_failure: Option<String>,
    /// When it was first seen that all are to stop.
    pub(super) stops_since_ms: Option<u64>,
    /// Said once, where it is to go on behind that.
    said_all_ended: bool,
}

/// Lives as the manager until there is nothing more to manage, or as far as the fork that made this process something else.
pub(super) fn live<S: Server>(memory: &'static Memory, inherited: Inherited, taken_over: bool) -> (Next, Inherited) {
    logging::speak_as(Speaker::Manager);
    // Relaxed: a number for people.
    memory.manager().pid.store(std::process::id(), Ordering::Relaxed);
    let postbox = if S::DISPATCH.on_pipe_message.is_some() { Postbox::attach(memory, memory.settings.slots()) } else { None };
    match Life::begin(memory, inherited, postbox, taken_over) {
        Ok(mut life) => {
            let next = life.go_on::<S>(taken_over);
            (next, life.inherited)
        }
        Err((e, inherited)) => {
            logging::error!("the manager cannot start: {e}");
            (Next::Exit(1), inherited)
        }
    }
}

impl Life {
    fn begin(
        memory: &'static Memory,
        inherited: Inherited,
        postbox: Option<&'static Postbox>,
        taken_over: bool,
    ) -> Result<Self, (io::Error, Inherited)> {
        let parts = || -> io::Result<_> {
            memory.become_one(Role::Manager)?;
            // Wakes it should it be stopped when the master ends; then it sees the end in its poll.
            let tied = inherited.lifeline.tie(Signal::SIGCONT)?;
            let signals = signals::descriptor()?;
            let poll = Poll::new()?;
            for (token, fd) in [
                (LIFELINE, inherited.lifeline.as_raw_fd()),
                (LINE, inherited.manager_line.as_raw_fd()),
                (SIGNALS, signals.as_raw_fd()),
                (BELL, memory.bells.manager.as_raw_fd()),
            ] {
                poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
            }
            Ok((tied, signals, poll))
        };
        match parts() {
            Ok((tied, signals, poll)) => Ok(Self {
                memory,
                context: Context::new(Outbox::attach(memory, None, None), postbox),
                slots: (0..memory.settings.slots()).map(|_| Slot::default()).collect(),
                called_off: Vec::new(),
                is_reloading: false,
                programs: Programs::new(inherited.program.clone()),
                inherited,
                poll,
                signals,
                _tied: tied,
                standby: None,
                wants_standby: taken_over,
                standby_again: None,
                said_ready: false,
                said_failed: false,
                last_failure: None,
                stops_since_ms: None,
                said_all_ended: false,
            }),
            Err(e) => Err((e, inherited)),
        }
    }

    fn go_on<S: Server>(&mut self, taken_over: bool) -> Next {
        if taken_over {
            logging::warn!("the manager has died; this process takes over");
            self.ask_for_orphans();
            self.is_reloading = self.is_reload_under_way();
            for group in Group::ALL {
                let processes: Vec<u32> = self.memory.slots_of(group).filter_map(|at| self.slots[at].child.pid()).collect();
                self.programs.take_over(self.memory, group, processes.into_iter());
            }
            if S::DISPATCH.on_pipe_message.is_some()
                && let Some(messages) = self.memory.messages(self.memory.settings.slots())
            {
                messages.tray.settle_sender(self.memory.settings.slots(), |slot| self.memory.mail(slot));
                self.memory.settle_claims(self.memory.settings.slots());
                self.memory.bells.workers.iter().for_each(Bell::ring);
            }
        }
        if let Some(next) = self.reconcile() {
            return next;
        }
        if let Some(on_manager_start) = S::DISPATCH.on_manager_start {
            self.run_callback("on_manager_start", on_manager_start);
        }
        let mut events = Events::with_capacity(64);
        loop {
            if self.inherited.lifeline.is_cut() {
                logging::nobody_collects();
                self.kill_all("the master has ended");
                self.inherited.forget_places(self.memory);
                return Next::Exit(1);
            }
            self.hear::<S>();
            self.bury::<S>();
            self.watch();
            self.watch_callbacks();
            self.ask_again();
            self.begin_reload::<S>();
            let next = self.replace().or_else(|| self.reconcile());
            if let Some(next) = next {
                return next;
            }
            self.end_reload::<S>();
            let is_stopping = self.memory.header().lifecycle() == Lifecycle::Stopping;
            if !is_stopping {
                // Of a handover that came to nothing.
                (self.stops_since_ms, self.said_all_ended) = (None, false);
            }
            if is_stopping && self.stop_all() {
                if !self.is_wanted_on() {
                    if let Some(on_manager_stop) = S::DISPATCH.on_manager_stop {
                        self.run_callback("on_manager_stop", on_manager_stop);
                    }
                    self.tell_master(ToMaster::AllEnded);
                    return Next::Exit(0);
                }
                if !core::mem::replace(&mut self.said_all_ended, true) {
                    self.tell_master(ToMaster::AllEnded);
                }
            }
            if let Err(e) = self.poll.poll(&mut events, self.timeout())
                && e.kind() != io::ErrorKind::Interrupted
            {
                logging::error!("the manager cannot wait: {e}");
                return Next::Exit(1);
            }
        }
    }

    /// Whether workers may be wanted again.
    fn is_wanted_on(&self) -> bool {
        matches!(self.memory.header().handover(), Handover::Quiet | Handover::Leaving)
    }

    /// Fills every slot that is empty, wanted, and not waiting. `Some` in the process that is no longer the manager.
    fn reconcile(&mut self) -> Option<Next> {
        if self.memory.header().lifecycle() == Lifecycle::Stopping || self.said_failed {
            return None;
        }
        if self.wants_standby
            && self.standby_again.is_none_or(|again| Instant::now() >= again)
            && let Some(next) = self.fork_standby()
        {
            return Some(next);
        }
        for at in 0..self.slots.len() {
            if self.slots[at].waits() == Some(Duration::ZERO)
                && let Some(next) = self.fork_worker(at)
            {
                return Some(next);
            }
        }
        None
    }

    fn fork_worker(&mut self, at: usize) -> Option<Next> {
        let owner = &self.memory.slot(at).owner;
        let now = owner.read();
        if let Some(pid) = now.pid {
            // A child that a predecessor forked has claimed it after all.
            self.slots[at].child = Child::Asked { pid };
            self.tell_master(ToMaster::Adopt { pid });
            return None;
        }
        let program = self.program_for_vacant(at);
        let exec = self.exec(program);
        let opened = owner.open(now)?;
        let group = self.memory.group(at);
        let reload = self.memory.header().reload(group);
        // Another program is what it was, as long as a reload is not through.
        if self.programs.path().is_none() || self.memory.manager().reloaded(group) == reload {
            // Relaxed: before the fork. A reload that is asked for from now on replaces it once more.
            self.memory.slot(at).reload.store(reload, Ordering::Relaxed);
        }
        match self.fork() {
            Some(Side::Child) => Some(Next::Worker(at, Taking::Open(opened), exec)),
            Some(Side::Parent(pid)) => {
                logging::debug!("{} is pid {pid}, generation {}", self.memory.called(at), opened.generation);
                self.slots[at].child = self.watched(pid, Token(at));
                self.slots[at].note = exec.and_then(|exec| exec.note().ok());
                None
            }
            None => {
                self.last_failure = Some("no process can be forked".to_owned());
                self.slots[at].emptied(false);
                self.show_wait(at);
                None
            }
        }
    }

    /// What a child becomes that is another program.
    pub(super) fn exec(&self, program: Option<Rc<OwnedFd>>) -> Option<Exec> {
        let exec = Exec::new(program?);
        exec.inspect_err(|e| logging::error!("no note can be written for another program: {e}; this one is forked")).ok()
    }

    /// Has the poll say when this process ends.
    pub(super) fn watch_for(&self, fd: &PidFd, token: Token) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&fd.as_raw_fd()), token, Interest::READABLE)
    }

    pub(super) fn forget(&self, fd: &PidFd) {
        let _ = self.poll.registry().deregister(&mut SourceFd(&fd.as_raw_fd()));
    }

    pub(super) fn fork(&mut self) -> Option<Side> {
        let witness = match SingleThreaded::check() {
            Ok(witness) => witness,
            Err(many) => {
                self.fail(&format!(
                    "the manager runs {many} threads and can fork no more; a callback of the manager must not start threads"
                ));
                return None;
            }
        };
        // What is buffered would be printed by the child too.
        let _ = io::stdout().flush();
        fork(&witness).inspect_err(|e| logging::error!("no process can be forked: {e}; trying again")).ok()
    }

    /// Messages from the master.
    fn hear<S: Server>(&mut self) {
        while let Ok(Some(signal)) = self.signals.read_signal() {
            match Signal::try_from(signal.ssi_signo.cast_signed()) {
                Ok(Signal::SIGTERM) => self.context.shutdown(),
                // Relaxed: set before this process was forked.
                Ok(asks @ (Signal::SIGUSR1 | Signal::SIGUSR2)) => {
                    let master = self.memory.header().master_pid.load(Ordering::Relaxed);
                    // The master is there: this process ends with it.
                    let _ = kill(Pid::from_raw(master.cast_signed()), asks);
                }
                _ => {}
            }
        }
        while let Some((message, fd)) = self.inherited.manager_line.receive() {
            match (ToManager::of(&message), fd) {
                (Some(ToManager::Adopted { pid }), Some(fd)) => {
                    if let Some(slot) = self.slots.iter_mut().find(|slot| slot.child.pid() == Some(pid)) {
                        slot.child = Child::Adopted { pid, fd: PidFd::from_fd(fd) };
                    } else if self.called_off.contains(&pid) {
                        // It holds nothing, and may be long in `on_worker_start`. The master says when it has ended.
                        let _ = PidFd::from_fd(fd).signal(Signal::SIGKILL);
                    }
                }
                (Some(ToManager::Ended { pid, .. }), _) if self.called_off.contains(&pid) => self.called_off.retain(|one| *one != pid),
                (Some(ToManager::Ended { pid, ended }), _) => {
                    if let Some(at) = self.slots.iter().position(|slot| slot.child.pid() == Some(pid)) {
                        self.settle::<S>(at, pid, ended);
                    }
                }
                (Some(ToManager::StandbyEnded), _) => self.wants_standby |= self.standby.is_none(),
                _ => {}
            }
        }
    }

    /// Own children that have ended: settled first, reaped last, so that a death in between leaves their status to the master.
    fn bury<S: Server>(&mut self) {
        for at in 0..self.slots.len() {
            self.bury_successor::<S>(at);
            if let Child::Unwatched { pid } = self.slots[at].child {
                self.slots[at].child = self.watched(Pid::from_raw(pid.cast_signed()), Token(at));
            }
            let Child::Own { pid, fd } = &self.slots[at].child else {
                continue;
            };
            let (pid, ended) = (*pid, fd.peek());
            if let Some(ended) = ended {
                let Child::Own { fd, .. } = core::mem::take(&mut self.slots[at].child) else {
                    continue;
                };
                self.settle::<S>(at, pid, ended);
                self.forget(&fd);
                fd.reap();
            }
        }
        if let Some(standby) = self.standby.take_if(|standby| standby.reap().is_some()) {
            drop(standby);
            logging::warn!("the standby has ended; another is forked");
            self.wants_standby = true;
        }
    }

    /// What the boards say: a worker is ready, a worker has gone wild.
    fn watch(&mut self) {
        let ready = self.memory.serving_slots().any(|at| self.memory.worker(at).state() == State::Ready);
        if ready && !self.said_ready {
            self.said_ready = true;
            self.tell_master(ToMaster::Ready);
        }
        let hopeless = self.memory.header().lifecycle() == Lifecycle::Starting
            && !self.said_ready
            && self.slots[self.memory.serving_slots()].iter().all(|slot| slot.failures() >= HOPELESS);
        if hopeless {
            let why = self.last_failure.take().unwrap_or_default();
            self.fail(&format!("no worker becomes ready: {why}"));
        }
        for at in 0..self.slots.len() {
            let generation = self.memory.slot(at).owner.read().generation;
            let distrusted =
                (0..self.memory.settings.reactors).any(|reactor| Look::at(self.memory.to_reactor(at, reactor)).distrusted() == generation);
            let slot = &mut self.slots[at];
            if distrusted
                && !slot.killed
                && let Some(fd) = slot.child.fd()
            {
                logging::error!("{} is ended: it wrote nonsense into shared memory", self.memory.called(at));
                let _ = fd.signal(Signal::SIGKILL);
                slot.killed = true;
            }
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.memory.header().lifecycle() == Lifecycle::Stopping {
            let left = self.memory.header().deadline_ms().saturating_sub(clock::uptime_ms());
            return Some(Duration::from_millis(left.clamp(20, 1000)));
        }
        if self.said_failed {
            return None;
        }
        let foster =
            self.slots.iter().any(|slot| matches!(slot.child, Child::Asked { .. } | Child::Unwatched { .. } | Child::Adopted { .. }));
        let waits = self.slots.iter().filter_map(Slot::waits).min().map(|wait| wait.max(Duration::from_millis(1)));
        let foster = (foster || self.wants_standby || !self.called_off.is_empty()).then_some(ASK_AGAIN);
        [waits, self.until_late(), foster].into_iter().flatten().min()
    }

    /// A callback of the manager; a panic in it is caught, since the manager must go on.
    pub(super) fn run_callback(&self, name: &str, callback: impl FnOnce(&Context) -> Outcome) {
        match std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| callback(&self.context))) {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => logging::warn!("{name}: {}", failure.0),
            Err(_) => logging::error!("{name} panicked; the manager goes on"),
        }
    }

    /// Nothing can be managed any more: the master is told to give up.
    pub(super) fn fail(&mut self, why: &str) {
        if !self.said_failed {
            self.said_failed = true;
            logging::error!("{why}");
            self.tell_master(ToMaster::Failed);
        }
    }

    pub(super) fn tell_master(&self, message: ToMaster) {
        if let Err(e) = self.inherited.manager_line.send(message.bytes(), None) {
            logging::error!("the master does not hear: {}", io::Error::from(e));
        }
    }
}
