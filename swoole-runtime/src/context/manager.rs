//! The context of callbacks that run in the manager.

use super::{
    info::{self, SessionInfo, Sessions},
    outbox::Outbox,
    stats::Stats,
};
use crate::{
    error::{PageTooLarge, SendError},
    event::{CloseReason, ToReactor},
    id::SessionId,
    sync::Ordering,
};

/// The manager process: it forks, watches and replaces the workers. A callback here must not start threads, since the manager forks.
pub struct Manager {
    outbox: Outbox,
}

impl Manager {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self { outbox }
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The process id of the manager. The original: `$serv->manager_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        std::process::id()
    }

    /// The process id of the master. The original: `$serv->master_pid`.
    #[must_use]
    pub fn master_pid(&self) -> u32 {
        // Relaxed: set before the manager was forked.
        self.outbox.memory().header().master_pid.load(Ordering::Relaxed)
    }

    /// Ends a session after what was sent to it before; `on_close` runs in its worker. The original: `$serv->close`.
    ///
    /// # Errors
    /// [`SendError::NoSuchSession`], [`SendError::Closed`] when it is closing already, [`SendError::BufferFull`] when too many were
    /// asked for at once: try again.
    pub fn close(&self, fd: SessionId) -> Result<(), SendError> {
        self.outbox.close(fd, ToReactor::Close, CloseReason::Server)
    }

    /// Ends a session at once, with a reset.
    ///
    /// # Errors
    /// [`SendError::NoSuchSession`], [`SendError::BufferFull`] when too many were asked for at once: try again.
    pub fn close_now(&self, fd: SessionId) -> Result<(), SendError> {
        self.outbox.close(fd, ToReactor::CloseNow, CloseReason::Server)
    }

    /// Whether the session is open. The original: `$serv->exist`.
    #[must_use]
    pub fn exist(&self, fd: SessionId) -> bool {
        self.outbox.exist(fd)
    }

    /// What is known about a session, `None` when it has ended. The original: `$serv->connection_info`.
    #[must_use]
    pub fn connection_info(&self, fd: SessionId) -> Option<SessionInfo> {
        SessionInfo::of(self.outbox.memory(), fd)
    }

    /// A page of open sessions: those with the smallest ids above `start`, ascending, at most `page`.
    ///
    /// # Errors
    /// [`PageTooLarge`] for a page of more than 100.
    pub fn connection_list(&self, start: Option<SessionId>, page: usize) -> Result<Vec<SessionId>, PageTooLarge> {
        info::page(self.outbox.memory().sessions(), start, page)
    }

    /// All open sessions of the server, in no particular order.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions::of(self.outbox.memory().sessions())
    }

    /// The server's counters. The original: `$serv->stats`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::read(self.outbox.memory())
    }

    /// Asks the server to shut down. Returns at once. The original: `$serv->shutdown`.
    pub fn shutdown(&self) {
        let memory = self.outbox.memory();
        // Relaxed: the bell that follows is a system call.
        memory.manager().asks_shutdown.store(1, Ordering::Relaxed);
        memory.bells.master.ring();
    }
}
