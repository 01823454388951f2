//! The calls that several contexts have: on sessions, and on the server as a whole.

use super::{
    Manager, TaskWorker, UserProcess, Worker,
    info::{self, SessionInfo, Sessions},
    stats::Stats,
};
use crate::{
    error::{FileError, PageTooLarge, SendError},
    event::{CloseReason, ToReactor},
    id::SessionId,
    reactor::is_due_at,
    settings::SettingsInForce,
    sync::Ordering,
    sys::clock,
};
use std::path::Path;

/// Writes one body into each of several impl blocks. The body is the macro's input, not its output, so what the compiler says of a
/// method, and where it says that it stands, is as if it had been written by hand.
macro_rules! calls {
    ($( [$($block:tt)+] )+ => $body:tt) => { $( $($block)+ $body )+ };
}

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] => {
    /// Sends bytes to the client of this session, at most 2 MiB a call. The original: `$serv->send`.
    ///
    /// The bytes of one call stay together, whoever else sends to the session, and calls of one process arrive in their order. Returns
    /// as soon as the bytes are on their way; at most 10 s when the server is overloaded. No bytes are no message.
    ///
    /// # Errors
    /// [`SendError::NoSuchSession`], [`SendError::Closed`], [`SendError::TooLarge`] for more than 2 MiB, [`SendError::BufferFull`] when
    /// this client reads too slowly for what was sent already. Nothing of the bytes is sent then.
    pub fn send(&self, fd: SessionId, data: &[u8]) -> Result<(), SendError> {
        self.outbox().send(fd, data)
    }

    /// Sends a part of a file to the client of this session, behind what this process has sent before: `length` bytes from `offset` on, or all
    /// behind `offset`. The original: `$serv->sendfile`.
    ///
    /// The file is opened here and now, as the user and in the directory of this process; the server sends it by `sendfile(2)`, at its client's
    /// pace, and the call returns at once. What is asked for is fixed by the call: a file that grows is sent as far as it was, one that is deleted
    /// or replaced as it was opened, and what is written into it meanwhile may be sent or not. One that is cut shorter than what was asked for
    /// ends the session with a reset and [`CloseReason::Server`], and the log says so: the client gets no other bytes in the place of those that
    /// are gone. No bytes are no message.
    ///
    /// What waits of a file takes no memory: `socket_buffer_size` does not count it; [`SessionInfo::queued`] and the watermarks do. What
    /// waits is an open file of the master: while 16 or more wait for a client, it is sent no other; and while as many wait for all clients as
    /// the descriptor limit leaves beside `max_conn`, nobody is.
    ///
    /// # Errors
    /// [`FileError::NotFound`], [`FileError::Denied`], [`FileError::NotAFile`] for a directory or a pipe, [`FileError::BehindEnd`] where the file
    /// has fewer bytes, [`FileError::System`] for what else the system says of it. [`FileError::Send`] with what [`send`](Self::send) would say
    /// of the session: `BufferFull` where so many files wait. Nothing is sent then.
    pub fn sendfile(&self, fd: SessionId, path: impl AsRef<Path>, offset: u64, length: Option<u64>) -> Result<(), FileError> {
        self.outbox().send_file(fd, path.as_ref(), offset, length)
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] => {
    /// Says whose session this is: any number that stands for a user. [`SessionInfo::uid`] has it from then on. The original: `$serv->bind`.
    ///
    /// With `dispatch = "uid"` all sessions of one user have one worker, that of `uid` modulo the number of workers: what this client has
    /// sent before is served by the worker that the session had, and when that is through with it, what comes after by the other, in order.
    /// In any other mode nothing else changes. A session is bound once; of two calls at the same time the first counts.
    ///
    /// # Errors
    /// [`SendError::NoSuchSession`], [`SendError::Closed`], [`SendError::AlreadyBound`], [`SendError::BufferFull`] when the server is
    /// overloaded.
    pub fn bind(&self, fd: SessionId, uid: u64) -> Result<(), SendError> {
        self.outbox().bind(fd, uid)
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] => {
    /// Reads nothing more of a session until [`resume`](Self::resume): what its client sends waits in the kernel, and at the client. What was
    /// read already still comes to `on_receive`. That the client leaves is seen when it is read on, or at
    /// once where it ends with an error. A pause outlives the worker that asked for it: any process may `resume`. The original: `$serv->pause`.
    ///
    /// # Errors
    /// [`SendError::NoSuchSession`], [`SendError::Closed`], [`SendError::BufferFull`] when the server is overloaded.
    pub fn pause(&self, fd: SessionId) -> Result<(), SendError> {
        self.outbox().treat(fd, ToReactor::Pause, 0)
    }

    /// Reads on after [`pause`](Self::pause). The original: `$serv->resume`.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub fn resume(&self, fd: SessionId) -> Result<(), SendError> {
        self.outbox().treat(fd, ToReactor::Pause, 1)
    }

    /// Lets no silence end this session, whatever the `heartbeat` of its listener says; or ends it again as others. The original:
    /// `$serv->protect`.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub fn protect(&self, fd: SessionId, on: bool) -> Result<(), SendError> {
        self.outbox().treat(fd, ToReactor::Protect, u8::from(on))
    }

    /// The sessions that have received nothing for as long as the `heartbeat` of their listener allows, which are then closed with
    /// [`CloseReason::Idle`] unless `close` is false; none where there is no `heartbeat`. The server closes them by itself too. The
    /// original: `$serv->heartbeat`.
    pub fn heartbeat(&self, close: bool) -> Vec<SessionId> {
        let memory = self.outbox().memory();
        let now = clock::uptime_ms();
        let is_idle = |fd: &SessionId| {
            let due = memory.sessions().read(*fd, |row| is_due_at(row, &memory.settings)).flatten();
            due.is_some_and(|due| due <= now)
        };
        let idle: Vec<SessionId> = self.sessions().filter(is_idle).collect();
        if close {
            for fd in &idle {
                // One that is gone already is what was wanted.
                let _ = self.outbox().close(*fd, ToReactor::Close, CloseReason::Idle);
            }
        }
        idle
    }
} }

calls! { [impl<S> Worker<S>] [impl<S> TaskWorker<S>] [impl<S> UserProcess<S>] [impl Manager] => {
    /// Ends a session after what was sent to it before. The original: `$serv->close`.
    ///
    /// `on_close` runs once, in the session's worker, with [`CloseReason::Server`]; no `on_receive` comes before it any more when it is
    /// the session's own worker that closes.
    ///
    /// # Errors
    /// [`SendError::NoSuchSession`], [`SendError::Closed`] when it is closing already, [`SendError::BufferFull`] when the server is
    /// overloaded, or the manager has asked for too many at once: try again.
    pub fn close(&self, fd: SessionId) -> Result<(), SendError> {
        self.outbox().close(fd, ToReactor::Close, CloseReason::Server)
    }

    /// Ends a session at once: what was sent and not read yet is thrown away, and the client sees a reset. The original:
    /// `$serv->close($fd, true)`.
    ///
    /// # Errors
    /// [`SendError::NoSuchSession`], [`SendError::BufferFull`] when the server is overloaded, or the manager has asked for too many at
    /// once: try again.
    pub fn close_now(&self, fd: SessionId) -> Result<(), SendError> {
        self.outbox().close(fd, ToReactor::CloseNow, CloseReason::Server)
    }

    /// Whether the session is open: not closed and not closing. The original: `$serv->exist`.
    #[must_use]
    pub fn exist(&self, fd: SessionId) -> bool {
        self.outbox().exist(fd)
    }

    /// What is known about a session, `None` when it has ended. Works in `on_close`. The original: `$serv->connection_info`.
    #[must_use]
    pub fn connection_info(&self, fd: SessionId) -> Option<SessionInfo> {
        SessionInfo::of(self.outbox().memory(), fd)
    }

    /// A page of open sessions: those with the smallest ids above `start`, ascending, at most `page`. The original:
    /// `$serv->connection_list`.
    ///
    /// # Errors
    /// [`PageTooLarge`] for a page of more than 100.
    pub fn connection_list(&self, start: Option<SessionId>, page: usize) -> Result<Vec<SessionId>, PageTooLarge> {
        info::page(self.outbox().memory().sessions(), start, page)
    }

    /// All open sessions of the server, in no particular order. The original: `$serv->connections`.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions::of(self.outbox().memory().sessions())
    }

    /// The server's counters. The original: `$serv->stats`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::read(self.outbox().memory())
    }

    /// What the server runs with. The original: `$serv->setting`.
    #[must_use]
    pub fn settings(&self) -> &'static SettingsInForce {
        &self.outbox().memory().settings.in_force
    }

    /// Asks the server to shut down: no new sessions, what is on its way is answered, every session is closed, `on_worker_stop` and
    /// `on_shutdown` run, the exit code is 0; all of it within `max_wait_time`. Returns at once. The original: `$serv->shutdown`.
    pub fn shutdown(&self) {
        // Relaxed: the bell that follows is a system call.
        self.asks_shutdown().store(1, Ordering::Relaxed);
        self.outbox().memory().bells.master.ring();
    }
} }
