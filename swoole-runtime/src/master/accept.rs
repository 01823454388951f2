//! Stop 1 of a byte's way: accept. Takes: a listener that has a connection. Gives: a filled row, and the socket to its reactor.
//!
//! Runs in: the master's main thread. If a worker is dead: nothing here knows.

use crate::{
    dispatch::{self, Mode, by_address},
    id::SessionId,
    layout::Memory,
    logging,
    reactor::{Intake, Shares},
    remote::Remote,
    sync::Ordering,
    sys::{clock, listener::Socket, local, socket},
};
use mio::net::{TcpListener, UnixListener};
use std::{
    io,
    os::fd::{IntoRawFd, OwnedFd},
    sync::Arc,
    time::{Duration, Instant},
};

/// How many connections one listener gives before signals and the manager are looked at again.
const AT_ONCE: usize = 256;

/// How long accepting rests when the process has no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// Where connections come in.
pub(super) enum Door {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Door {
    /// `None` where no connections come in.
    pub(super) fn new(socket: &Socket) -> io::Result<Option<Self>> {
        Ok(match socket {
            Socket::Tcp(socket) => Some(Self::Tcp(TcpListener::from_std(socket.try_clone()?))),
            Socket::Unix(socket) => Some(Self::Unix(UnixListener::from_std(socket.try_clone()?))),
            Socket::Datagram(_) => None,
        })
    }

    fn accept(&self) -> io::Result<(OwnedFd, Remote)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, remote) = listener.accept()?;
                Ok((stream.into(), Remote::Internet(remote)))
            }
            Self::Unix(listener) => {
                let stream = OwnedFd::from(std::os::unix::net::UnixStream::from(listener.accept()?.0));
                let (pid, uid) = local::peer(&stream).unwrap_or_default();
                Ok((stream, Remote::Unix { pid: pid.cast_unsigned(), uid }))
            }
        }
    }
}

/// The accepting side.
pub(super) struct Acceptor {
    memory: &'static Memory,
    /// Each with the number of its listener.
    doors: Vec<(usize, Door)>,
    intakes: Vec<Intake>,
    mode: Mode,
    shares: Arc<Shares>,
    next: SessionId,
    /// More may wait: an edge comes only once.
    pub(super) more: bool,
    resting: Option<Instant>,
    /// What comes waits in the kernel.
    is_shut: bool,
    /// Said once, until there are fewer again.
    said_full: bool,
    /// Said once, until the kernel gives connections again.
    said_failed: bool,
}

impl Acceptor {
    pub(super) fn new(memory: &'static Memory, doors: Vec<(usize, Door)>, intakes: Vec<Intake>, mode: Mode, shares: Arc<Shares>) -> Self {
        let first = SessionId::new(1).expect("1 is not 0");
        Self {
            memory,
            doors,
            intakes,
            mode,
            shares,
            next: first,
            more: true,
            resting: None,
            is_shut: false,
            said_full: false,
            said_failed: false,
        }
    }

    /// The number of the next session.
    #[cfg(feature = "cli")]
    pub(super) fn next(&self) -> SessionId {
        self.next
    }

    /// Goes on counting where another has left off.
    #[cfg(feature = "cli")]
    pub(super) fn begin_at(&mut self, next: SessionId) {
        self.next = next;
    }

    /// Accepts nothing for now.
    #[cfg(feature = "cli")]
    pub(super) fn rest(&mut self) {
        self.is_shut = true;
    }

    #[cfg(feature = "cli")]
    pub(super) fn rests_no_more(&mut self) {
        (self.is_shut, self.more) = (false, true);
    }

    /// Accepts again, for other reactors.
    #[cfg(feature = "cli")]
    pub(super) fn go_on(&mut self, intakes: Vec<Intake>, shares: Arc<Shares>) {
        (self.intakes, self.shares) = (intakes, shares);
        self.rests_no_more();
    }

    /// How long until it may go on by itself; `None` when it waits for an edge.
    pub(super) fn timeout(&self) -> Option<Duration> {
        if self.is_shut {
            return None;
        }
        self.resting.map(|until| until.saturating_duration_since(Instant::now())).or(self.more.then_some(Duration::ZERO))
    }

    /// Accepts what is there.
    pub(super) fn accept(&mut self) {
        if self.is_shut || self.resting.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.resting = None;
        self.more = false;
        for at in 0..self.doors.len() {
            self.accept_from(at);
        }
    }

    fn accept_from(&mut self, at: usize) {
        for _ in 0..AT_ONCE {
            let (listener, door) = &self.doors[at];
            match door.accept() {
                Ok((stream, remote)) => self.take(*listener, stream.into_raw_fd(), remote),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    // Without a descriptor it would have failed, even where nobody waits.
                    if core::mem::take(&mut self.said_failed) {
                        logging::info!("connections are accepted again");
                    }
                    return;
                }
                // The client was gone before it was accepted.
                Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {}
                Err(e) => {
                    let failed = &self.memory.header().accept_failed;
                    // Relaxed: a count that only this thread writes.
                    failed.store(failed.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    if !self.said_failed {
                        self.said_failed = true;
                        logging::error!("no connection can be accepted: {e}; trying again ten times a second");
                    }
                    self.resting = Some(Instant::now() + REST);
                    return;
                }
            }
        }
        self.more = true;
    }

    fn take(&mut self, listener: usize, descriptor: i32, remote: Remote) {
        let header = self.memory.header();
        if header.connections() >= u64::from(self.memory.settings.max_conn) {
            // Counted before the client can know. Relaxed: counts that only this thread writes.
            header.refused.store(header.refused.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            socket::end(descriptor, false);
            if !self.said_full {
                self.said_full = true;
                logging::warn!("max_conn of {} sessions is reached: connections are refused", self.memory.settings.max_conn);
            }
            return;
        }
        // Not at each session that comes and goes at the limit.
        if header.connections() < u64::from(self.memory.settings.max_conn) * 9 / 10 {
            self.said_full = false;
        }
        let (mode, shares) = (self.mode, &self.shares);
        let settings = &self.memory.settings;
        let found = self.memory.sessions().take(self.next, descriptor.cast_unsigned(), clock::uptime_ms(), |id| {
            let (fixed, reactor) = dispatch::fixed(id.get(), settings.workers, settings.reactors);
            let worker = match mode {
                Mode::Ip => by_address(&remote).map_or(fixed, |address| (address % settings.workers as u64) as u16),
                Mode::LeastConn => shares.add_session(fixed.into()) as u16,
                _ => fixed,
            };
            (remote, listener as u8, reactor, worker)
        });
        self.next = found.id.following();
        // Relaxed: a count that only this thread writes; before the reactor can count the end of it.
        header.accepted.store(header.accepted.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if let Err(e) = self.intakes[found.row.reactor()].give(found.id.get(), descriptor) {
            logging::error!("session {}: the kernel watches no more sockets: {e}", found.id);
            socket::end(descriptor, true);
            if self.mode == Mode::LeastConn {
                self.shares.remove_session(found.row.worker());
            }
            found.free();
            header.closed.fetch_add(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_with_the_fewest_sessions_gets_the_next() {
        let shares = Shares::new(3);
        let all: Vec<_> = (0..6).map(|number| shares.add_session(number % 3)).collect();
        assert_eq!(all, [0, 1, 2, 0, 1, 2]);
        shares.remove_session(1);
        assert_eq!((shares.add_session(0), shares.add_session(0)), (1, 0));
    }
}
