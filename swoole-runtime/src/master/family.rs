//! The manager, the standby and adopted orphans, as the master sees them. Only the master can reap what it has adopted.

use crate::{
    layout::Memory,
    logging,
    process::{ToManager, ToMaster},
    sync::Ordering,
    sys::{
        packet::Packets,
        pidfd::{Ended, PidFd, children, is_child},
    },
};
use core::time::Duration;
use mio::{Interest, Registry, Token, unix::SourceFd};
use nix::{sys::signal::Signal, unistd::Pid};
use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
    time::Instant,
};

/// The processes.
pub(super) struct Family {
    memory: &'static Memory,
    registry: Registry,
    /// Any of them ended, or a message came: the master looks at all.
    token: Token,
    pub(super) manager: Option<PidFd>,
    standby: Option<PidFd>,
    /// By pid, as what follows: never more than there are workers, and looked through after a manager's death alone.
    adopted: Vec<(u32, PidFd)>,
    /// How workers ended that this process has reaped and that no manager has settled yet.
    ended: Vec<(u32, Ended)>,
    manager_line: Packets,
    standby_line: Packets,
    /// Until when a standby must have said that it is there, while there is no manager.
    awaited: Option<Instant>,
    /// Until when the standby must have taken over that was called.
    called: Option<Instant>,
    /// The manager that died before.
    died: u32,
    /// A child that is none of the server's: the one that is to take its place.
    spared: Option<u32>,
}

/// How long a standby may take to be the manager.
const TAKE_OVER: Duration = Duration::from_secs(1);

/// What the manager had to say.
#[derive(Default)]
pub(super) struct News {
    pub(super) ready: bool,
    pub(super) failed: bool,
    pub(super) all_ended: bool,
    /// The manager has ended and nobody is there to take over.
    pub(super) orphaned: bool,
}

impl Family {
    pub(super) fn new(
        memory: &'static Memory,
        registry: Registry,
        token: Token,
        manager: PidFd,
        standby: PidFd,
        manager_line: Packets,
        standby_line: Packets,
    ) -> io::Result<Self> {
        for fd in [manager.as_raw_fd(), standby.as_raw_fd(), manager_line.as_raw_fd(), standby_line.as_raw_fd()] {
            registry.register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        }
        Ok(Self {
            memory,
            registry,
            token,
            manager: Some(manager),
            standby: Some(standby),
            adopted: Vec::new(),
            ended: Vec::new(),
            manager_line,
            standby_line,
            awaited: None,
            called: None,
            died: 0,
            spared: None,
        })
    }

    /// Looks at all of them.
    /// `goes_on` says that a manager is to be there when all workers have ended.
    pub(super) fn look(&mut self, stopping: bool, goes_on: bool, child_ended: bool) -> News {
        let mut news = News::default();
        let memory = self.memory;
        self.ended.retain(|&(pid, _)| (0..memory.settings.slots()).any(|slot| memory.slot(slot).owner.read().pid == Some(pid)));
        self.hear(&mut news);
        self.look_at_standby();
        self.look_at_manager(stopping, goes_on, &mut news);
        self.call_standby(&mut news);
        self.look_at_called(self.died);
        self.look_at_adopted();
        if child_ended {
            self.bury_strangers();
        }
        news
    }

    fn hear(&mut self, news: &mut News) {
        while let Some((message, fd)) = self.standby_line.receive() {
            if let (Some(ToMaster::Standby { pid }), Some(fd)) = (ToMaster::of(&message), fd) {
                logging::debug!("the standby is pid {pid}");
                self.standby = Some(self.watched(PidFd::from_fd(fd)));
            }
        }
        while let Some((message, _)) = self.manager_line.receive() {
            match ToMaster::of(&message) {
                Some(ToMaster::Ready) => news.ready = true,
                Some(ToMaster::Failed) => news.failed = true,
                Some(ToMaster::AllEnded) => news.all_ended = true,
                Some(ToMaster::Adopt { pid }) => self.adopt(pid),
                Some(ToMaster::Standby { .. }) | None => {}
            }
        }
    }

    fn look_at_standby(&mut self) {
        if let Some(standby) = self.standby.take_if(|standby| standby.has_ended()) {
            self.forget(&standby);
            // A child of the manager is reaped there.
            standby.reap();
            if self.manager.is_some() {
                self.tell_manager(ToManager::StandbyEnded);
            }
        }
    }

    fn look_at_manager(&mut self, stopping: bool, goes_on: bool, news: &mut News) {
        let Some(manager) = self.manager.take_if(|manager| manager.has_ended()) else {
            return;
        };
        self.forget(&manager);
        let ended = manager.reap().unwrap_or(Ended::Unknown);
        // Its last messages may have come between the look and its end.
        self.hear(news);
        if !goes_on && (news.all_ended || (stopping && ended == Ended::Exited(0))) {
            news.all_ended = true;
            return;
        }
        logging::error!("the manager has ended ({})", spoken(ended));
        // It may have owed anybody a bell: it published, and died before it looked who sleeps.
        for bell in self.memory.bells.reactors.iter().chain(&self.memory.bells.workers) {
            bell.ring();
        }
        // Relaxed: written by a process that is dead. Before the next one is called, which may write it at once.
        self.died = self.memory.manager().pid.load(Ordering::Relaxed);
        // One that was just forked may not have said yet that it is there.
        self.awaited = Some(Instant::now() + TAKE_OVER);
    }

    /// The standby takes over from a manager that is dead, as soon as it is there.
    fn call_standby(&mut self, news: &mut News) {
        let Some(until) = self.awaited else { return };
        let is_late = Instant::now() >= until;
        match self.standby.take() {
            Some(standby) if self.standby_line.send(ToManager::TakeOver.bytes(), None).is_ok() => {
                // It may have been stopped.
                let _ = standby.signal(Signal::SIGCONT);
                self.called = Some(Instant::now() + TAKE_OVER);
                (self.manager, self.awaited) = (Some(standby), None);
            }
            None if !is_late => {}
            _ => {
                logging::error!("no standby is there to take over");
                (news.orphaned, self.awaited) = (true, None);
            }
        }
    }

    /// The new manager asks about a process that its predecessor forked: a child of the master by now, if it is one of ours at all.
    fn adopt(&mut self, pid: u32) {
        if let Some(&(_, ended)) = self.ended.iter().find(|(known, _)| *known == pid) {
            return self.tell_manager(ToManager::Ended { pid, ended });
        }
        let number = Pid::from_raw(pid.cast_signed());
        // Only of a child is a number sure to be its own: it is not given out again before the master has reaped it.
        match is_child(number) {
            Some(true) => {}
            Some(false) => return self.tell_manager(ToManager::Ended { pid, ended: Ended::Unknown }),
            // Not known now: the manager asks again.
            None => return,
        }
        // Without a descriptor to spare there is no answer yet either: never that it has ended.
        let Ok(fd) = PidFd::open(number) else { return };
        if let Some(ended) = fd.reap() {
            self.adopted.retain(|(known, _)| *known != pid);
            self.ended.push((pid, ended));
            return self.tell_manager(ToManager::Ended { pid, ended });
        }
        self.hand_to_manager(ToManager::Adopted { pid }, Some(fd.as_fd()));
        if !self.has_adopted(pid) {
            let fd = self.watched(fd);
            self.adopted.push((pid, fd));
        }
    }

    /// A standby that was called and does not come is ended, which counts as a manager's end.
    fn look_at_called(&mut self, died: u32) {
        let Some(until) = self.called else { return };
        // Relaxed: a number, looked at again until the deadline.
        if self.memory.manager().pid.load(Ordering::Relaxed) != died {
            self.called = None;
        } else if Instant::now() > until
            && let Some(standby) = &self.manager
        {
            logging::error!("the standby does not take over; it is ended");
            let _ = standby.signal(Signal::SIGKILL);
            self.called = None;
        }
    }

    /// When it must be looked at again, should nothing happen.
    pub(super) fn timeout(&self) -> Option<Duration> {
        let first = self.called.into_iter().chain(self.awaited).min();
        first.map(|until| until.saturating_duration_since(Instant::now()) + Duration::from_millis(10))
    }

    fn look_at_adopted(&mut self) {
        let mut at = 0;
        while let Some((pid, fd)) = self.adopted.get(at) {
            let Some(ended) = fd.reap() else {
                at += 1;
                continue;
            };
            let pid = *pid;
            self.forget(fd);
            self.adopted.swap_remove(at);
            self.ended.push((pid, ended));
            self.tell_manager(ToManager::Ended { pid, ended });
        }
    }

    /// Whether this process was one of ours, has ended, and has a number that may be another's by now.
    #[cfg(feature = "cli")]
    pub(super) fn has_reaped(&self, pid: u32) -> bool {
        self.ended.iter().any(|(known, _)| *known == pid)
    }

    fn has_adopted(&self, pid: u32) -> bool {
        self.adopted.iter().any(|(known, _)| *known == pid)
    }

    /// A child that is no part of the server, and not ended with it.
    #[cfg(feature = "cli")]
    pub(super) fn spare(&mut self, pid: Option<u32>) {
        self.spared = pid;
    }

    /// The children that are the server's.
    pub(super) fn children(&self) -> impl Iterator<Item = Pid> + use<> {
        let spared = self.spared;
        children().into_iter().filter(move |child| Some(child.as_raw().cast_unsigned()) != spared)
    }

    /// Ends a manager that is late.
    pub(super) fn end_manager(&self) {
        if let Some(manager) = &self.manager {
            logging::error!("the manager does not end the workers in time: it is ended");
            let _ = manager.signal(Signal::SIGKILL);
        }
    }

    /// Children that nobody here knows: what workers started and left behind. A worker whose manager has just died is none of them.
    fn bury_strangers(&self) {
        let known = |pid: Pid| {
            let pid = pid.as_raw().cast_unsigned();
            self.has_adopted(pid)
                || (0..self.memory.settings.slots()).any(|slot| self.memory.slot(slot).owner.read().pid == Some(pid))
                || self.memory.manager().pid.load(Ordering::Relaxed) == pid
        };
        for child in self.children() {
            if !known(child)
                && let Ok(fd) = PidFd::open(child)
            {
                fd.reap();
            }
        }
    }

    /// The server is through: the standby may go.
    pub(super) fn send_standby_off(&self) {
        if self.standby.is_some() {
            let _ = self.standby_line.send(ToManager::Leave.bytes(), None);
        }
    }

    /// Ends whatever is left, by force, and reaps it.
    pub(super) fn end_all(&mut self) {
        for fd in self.manager.iter().chain(&self.standby).chain(self.adopted.iter().map(|(_, fd)| fd)) {
            let _ = fd.signal(Signal::SIGKILL);
        }
        for child in self.children() {
            if let Ok(fd) = PidFd::open(child) {
                let _ = fd.signal(Signal::SIGKILL);
            }
        }
    }

    /// Reaps every child that has ended.
    pub(super) fn bury(&self) {
        for child in self.children() {
            if let Ok(fd) = PidFd::open(child) {
                fd.reap();
            }
        }
    }

    fn tell_manager(&self, message: ToManager) {
        self.hand_to_manager(message, None);
    }

    fn hand_to_manager(&self, message: ToManager, fd: Option<BorrowedFd<'_>>) {
        if let Err(e) = self.manager_line.send(message.bytes(), fd) {
            logging::error!("the manager does not hear: {}", io::Error::from(e));
        }
    }

    fn watched(&self, fd: PidFd) -> PidFd {
        if let Err(e) = self.registry.register(&mut SourceFd(&fd.as_raw_fd()), self.token, Interest::READABLE) {
            logging::error!("a process cannot be watched: {e}");
        }
        fd
    }

    fn forget(&self, fd: &PidFd) {
        let _ = self.registry.deregister(&mut SourceFd(&fd.as_raw_fd()));
    }
}

fn spoken(ended: Ended) -> String {
    match ended {
        Ended::Exited(code) => format!("exit code {code}"),
        Ended::Signalled(signal) => format!("signal {signal}"),
        Ended::Unknown => "nobody knows how".to_owned(),
    }
}
