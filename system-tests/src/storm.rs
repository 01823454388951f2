//! A verifying client: many connections at once, numbered records on each, every byte checked, while something is done to the server.

use crate::{script::ECHOED, watch::WATCHDOG};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Instant,
};

/// A storm that blows until it is told to stop.
pub struct Storm {
    calm: Arc<AtomicBool>,
    echoed: Arc<AtomicU64>,
    thread: JoinHandle<Tally>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// Records sent.
    pub sent: u64,
    /// Records that came back whole and in order.
    pub echoed: u64,
    /// Records that never came back on connections that lived to the end.
    pub lost: u64,
    /// Connections that lived to the end and brought bytes that were never sent, or not in that place.
    pub corrupt: u64,
    /// The client's address of each connection that the server ended.
    pub dropped: Vec<SocketAddr>,
}

struct Connection {
    stream: TcpStream,
    local: SocketAddr,
    next_sent: u64,
    next_wanted: u64,
    received: Vec<u8>,
    unsent: Vec<u8>,
    /// Bytes came that were not awaited: what is left to see is whether the server ends it.
    torn: bool,
    ended: bool,
}

/// How the wind blows.
#[derive(Clone, Copy, Debug)]
pub struct Wind {
    /// How many connections at once.
    pub connections: usize,
    /// The bytes of a record, at least 16.
    pub size: usize,
    /// How many records of a connection may be on their way.
    pub depth: u64,
}

impl Storm {
    /// Begins.
    #[must_use]
    pub fn begin(address: SocketAddr, wind: Wind) -> Self {
        let (calm, echoed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stop, counted) = (Arc::clone(&calm), Arc::clone(&echoed));
        Self { calm, echoed, thread: std::thread::spawn(move || blow(address, wind, &stop, &counted)) }
    }

    /// Records that have come back so far.
    #[must_use]
    pub fn echoed(&self) -> u64 {
        self.echoed.load(Ordering::Relaxed)
    }

    /// Waits until so many more records have come back: the server serves.
    pub fn wait_for_more(&self, records: u64) {
        let enough = self.echoed() + records;
        crate::watch::until("records come back", || self.thread.is_finished() || self.echoed() >= enough);
    }

    /// Stops sending, waits for what is on its way, ends every connection.
    ///
    /// # Panics
    /// When the client has panicked.
    #[must_use]
    pub fn calm_down(self) -> Tally {
        self.calm.store(true, Ordering::Relaxed);
        self.thread.join().expect("the storm does not panic")
    }
}

fn blow(address: SocketAddr, wind: Wind, calm: &AtomicBool, echoed: &AtomicU64) -> Tally {
    let mut tally = Tally::default();
    let mut all: Vec<Connection> = (0..wind.connections).map(|_| Connection::open(address)).collect();
    let mut calm_since = None;
    loop {
        if calm.load(Ordering::Relaxed) && calm_since.is_none() {
            calm_since = Some(Instant::now());
        }
        let through = |connection: &Connection| connection.ended || (!connection.torn && connection.next_wanted == connection.next_sent);
        if let Some(since) = calm_since
            && (since.elapsed() > WATCHDOG || all.iter().all(through))
        {
            break;
        }
        for (number, connection) in all.iter_mut().enumerate().filter(|(_, connection)| !connection.ended) {
            connection.speak(number, wind, calm_since.is_some(), &mut tally);
        }
        for at in await_some(&all) {
            let connection = &mut all[at];
            connection.hear(at, wind, &mut tally);
            if connection.ended {
                tally.dropped.push(connection.local);
                if calm_since.is_none() {
                    *connection = Connection::open(address);
                }
            }
        }
        echoed.store(tally.echoed, Ordering::Relaxed);
    }
    for connection in all.iter().filter(|connection| !connection.ended) {
        tally.corrupt += u64::from(connection.torn);
        tally.lost += connection.next_sent - connection.next_wanted;
    }
    tally
}

/// The connections that have something to say, or room again.
fn await_some(all: &[Connection]) -> Vec<usize> {
    let live: Vec<usize> = (0..all.len()).filter(|&at| !all[at].ended).collect();
    let interest = |at: usize| if all[at].unsent.is_empty() { PollFlags::POLLIN } else { PollFlags::POLLIN | PollFlags::POLLOUT };
    let mut fds: Vec<PollFd<'_>> = live.iter().map(|&at| PollFd::new(all[at].stream.as_fd(), interest(at))).collect();
    let _ = poll(&mut fds, PollTimeout::from(20_u16));
    live.into_iter().zip(&fds).filter(|(_, fd)| fd.any() == Some(true)).map(|(at, _)| at).collect()
}

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, WATCHDOG).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option can be set");
        stream.set_nonblocking(true).expect("a socket option can be set");
        let local = stream.local_addr().expect("it is connected");
        Self { stream, local, next_sent: 0, next_wanted: 0, received: Vec::new(), unsent: Vec::new(), torn: false, ended: false }
    }

    fn speak(&mut self, number: usize, wind: Wind, calm: bool, tally: &mut Tally) {
        while !calm && self.unsent.is_empty() && self.next_sent - self.next_wanted < wind.depth {
            self.unsent = record(wind.size, number, self.next_sent);
            self.next_sent += 1;
            tally.sent += 1;
            self.push();
        }
        self.push();
    }

    fn push(&mut self) {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                // The end of a connection shows when it is read.
                Err(_) => return,
            }
        }
    }

    fn hear(&mut self, number: usize, wind: Wind, tally: &mut Tally) {
        let mut buffer = [0; 64 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(got) => {
                    self.received.extend_from_slice(&buffer[..got]);
                    continue;
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(_) => self.ended = true,
            }
            break;
        }
        let mut at = 0;
        while !self.torn && self.received.len() - at >= wind.size {
            if self.next_wanted < self.next_sent && self.received[at..at + wind.size] == record(wind.size, number, self.next_wanted) {
                self.next_wanted += 1;
                tally.echoed += 1;
                at += wind.size;
            } else {
                self.torn = true;
            }
        }
        self.received.drain(..at);
    }
}

/// Its number and its connection's in seven bits a byte, then bytes that follow from them; all of them such that a scripted server echoes
/// them, wherever a read cuts.
fn record(size: usize, connection: usize, number: u64) -> Vec<u8> {
    let numbers = (0..9).map(|at| number >> (7 * at)).chain([connection as u64, connection as u64 >> 7]);
    let rest = (11..size).map(|at| number.wrapping_mul(31).wrapping_add((at + connection) as u64));
    numbers.chain(rest).map(|byte| byte as u8 | ECHOED).collect()
}
