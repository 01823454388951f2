//! The control socket, as the master has it: who asks, what for, and how far the answer has come.
//!
//! Runs in: the master's main thread, which must never wait here. Connections, and the bytes of each, are bounded; who sends nothing whole,
//! or does not read, is dropped. If the other side is dead: the connection ends, and nothing else does.

mod answer;
mod report;

use crate::{
    process::{DONE, END, Group, HEAD, LONGEST, REFUSED, Request},
    sys::local::Named,
};
use core::time::Duration;
use mio::{Interest, Registry, Token, unix::SourceFd};
use std::{
    io::{self, ErrorKind, Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    time::Instant,
};

/// How many connections there may be; the oldest that waits for nothing makes room for another. So many of them may wait.
const MOST: usize = 16;
const MOST_WAITING: usize = 8;

/// How many are accepted before sessions and signals are looked at again.
const AT_ONCE: usize = 64;

/// How long a connection may stand still, in the middle of its request or its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often the manager's word about a reload is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long accepting rests when the process has no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// The listening side.
pub(super) struct Control {
    socket: Named,
    registry: Registry,
    token: Token,
    connections: Vec<Connection>,
    /// More may wait: an edge comes only once.
    more: bool,
    resting: Option<Instant>,
    is_shut: bool,
}

struct Connection {
    stream: UnixStream,
    state: State,
    /// When it last came on.
    since: Instant,
}

/// How far a connection is.
enum State {
    /// Its request, so far.
    Asks(Vec<u8>),
    Waits(Wait),
    /// Its answer, and how much of that is on its way.
    Hears(Vec<u8>, usize),
    Gone,
}

/// What a connection waits for.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    /// The end of the reloads of these numbers, one for each group that is asked about; whether it found them under way.
    Reload([Option<u32>; Group::COUNT], bool),
    /// The end of the server.
    End,
    /// The server that takes its place.
    Update,
}

/// What becomes of a request: rows, the reason why not, or a wait.
enum Answer {
    Rows(String),
    No(String),
    Later(Wait),
}

impl Control {
    /// [master] `token` is for the listener and for every connection.
    pub(super) fn new(socket: Named, registry: Registry, token: Token) -> io::Result<Self> {
        registry.register(&mut SourceFd(&socket.listener.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { socket, registry, token, connections: Vec::new(), more: true, resting: None, is_shut: false })
    }

    /// How long until it must be looked at by itself; `None` when it waits for an edge.
    pub(super) fn timeout(&self) -> Option<Duration> {
        let rests = self.resting.map(|until| until.saturating_duration_since(Instant::now()));
        let accepts = (self.more && !self.is_shut).then(|| rests.unwrap_or(Duration::ZERO));
        let stand = self.connections.iter().filter_map(|connection| match connection.state {
            State::Waits(Wait::Reload(..) | Wait::Update) => Some(LOOK_AGAIN),
            State::Waits(Wait::End) => None,
            _ => Some(PATIENCE.saturating_sub(connection.since.elapsed()).max(Duration::from_millis(1))),
        });
        stand.chain(accepts).min()
    }

    /// One of the edges was for it.
    pub(super) fn has_news(&mut self) {
        self.more = true;
    }

    /// Its name is to be another's.
    pub(super) fn accepts_no_more(&mut self) {
        self.socket.place().remove();
        self.is_shut = true;
    }

    /// The next connection; its place among them.
    fn accept(&mut self) -> Option<usize> {
        if self.is_shut || !self.more || self.resting.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        self.resting = None;
        let stream = match self.socket.listener.accept() {
            Ok((stream, _)) => stream,
            Err(e) => {
                self.more = e.kind() != ErrorKind::WouldBlock;
                self.resting = self.more.then(|| Instant::now() + REST);
                return None;
            }
        };
        let is_watched = stream.set_nonblocking(true).and_then(|()| {
            let both = Interest::READABLE | Interest::WRITABLE;
            self.registry.register(&mut SourceFd(&stream.as_raw_fd()), self.token, both)
        });
        if self.connections.len() >= MOST {
            let others = self.connections.iter().enumerate().filter(|(_, other)| !matches!(other.state, State::Waits(_)));
            // There is one: no more than half of them wait.
            let oldest = others.min_by_key(|(_, other)| other.since).map_or(0, |(at, _)| at);
            self.connections.swap_remove(oldest);
        }
        let state = if is_watched.is_ok() { State::Asks(Vec::new()) } else { State::Gone };
        self.connections.push(Connection { stream, state, since: Instant::now() });
        Some(self.connections.len() - 1)
    }

    /// Whether somebody else may wait for an answer that takes its time.
    fn may_wait(&self) -> bool {
        self.connections.iter().filter(|other| matches!(other.state, State::Waits(_))).count() < MOST_WAITING
    }

    /// Who is through, or stands still, goes.
    fn sweep(&mut self) {
        self.connections.retain(|connection| match connection.state {
            State::Gone => false,
            State::Waits(_) => true,
            State::Asks(_) | State::Hears(..) => connection.since.elapsed() < PATIENCE,
        });
    }

    /// The server is through: its name is free before who waits for that is told.
    pub(super) fn end(&mut self, outcome: Result<(), &str>) {
        self.socket.place().remove();
        for connection in &mut self.connections {
            if matches!(connection.state, State::Waits(Wait::End)) {
                connection.say(outcome.map(|()| ""));
            }
        }
    }
}

impl Connection {
    /// Goes on with it, as far as that goes without waiting. The request, when it is whole.
    fn go_on(&mut self) -> Option<Request> {
        match &mut self.state {
            State::Asks(line) => match heard(&mut self.stream, line) {
                Ok(false) => None,
                Ok(true) => {
                    let request = Request::read(line);
                    if request.is_none() {
                        self.say(Err("it is of another version of this framework, and does not know such a request"));
                    }
                    request
                }
                Err(_) => {
                    self.state = State::Gone;
                    None
                }
            },
            State::Waits(_) => {
                // It has nothing more to say: what comes is its end.
                if !matches!(self.stream.read(&mut [0; 1]), Err(e) if is_later(&e)) {
                    self.state = State::Gone;
                }
                None
            }
            State::Hears(..) => {
                self.send();
                None
            }
            State::Gone => None,
        }
    }

    fn give(&mut self, answer: Answer) {
        match answer {
            Answer::Rows(rows) => self.say(Ok(&rows)),
            Answer::No(why) => self.say(Err(&why)),
            Answer::Later(wait) => self.state = State::Waits(wait),
        }
    }

    /// Its answer, which begins to be on its way.
    fn say(&mut self, answer: Result<&str, &str>) {
        let answer = match answer {
            Ok(rows) => [HEAD, DONE, "\n", rows, END, "\n"].concat(),
            Err(why) => [HEAD, REFUSED, why, "\n", END, "\n"].concat(),
        };
        self.state = State::Hears(answer.into_bytes(), 0);
        self.since = Instant::now();
        self.send();
    }

    fn send(&mut self) {
        let State::Hears(answer, sent) = &mut self.state else { return };
        while *sent < answer.len() {
            match self.stream.write(&answer[*sent..]) {
                Ok(n) => {
                    *sent += n;
                    self.since = Instant::now();
                }
                Err(e) if is_later(&e) => return,
                Err(_) => break,
            }
        }
        self.state = State::Gone;
    }
}

/// Reads on; `true` when the line is whole, without its end.
fn heard(stream: &mut UnixStream, line: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let mut bytes = [0; LONGEST];
        let got = match stream.read(&mut bytes[..LONGEST - line.len()]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(got) => got,
            Err(e) if is_later(&e) => return Ok(false),
            Err(e) => return Err(e),
        };
        line.extend_from_slice(&bytes[..got]);
        if let Some(end) = line.iter().position(|&byte| byte == b'\n') {
            line.truncate(end);
            return Ok(true);
        }
    }
}

/// Nothing is there now, or no room.
fn is_later(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
