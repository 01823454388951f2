//! Echo clients: sessions with so many messages of one size in flight each, all in one thread.

use crate::servers::ALLOCATIONS;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use std::{
    io::{ErrorKind, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What the clients do.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) sessions: usize,
    pub(crate) size: usize,
    pub(crate) depth: usize,
}

/// Connected clients.
pub(crate) struct Clients {
    shape: Shape,
    poll: Poll,
    events: Events,
    streams: Vec<(TcpStream, usize)>,
    batch: Vec<u8>,
    buffer: Vec<u8>,
    in_flight: bool,
}

impl Clients {
    pub(crate) fn connect(address: SocketAddr, shape: Shape) -> Self {
        let poll = Poll::new().expect("a poll");
        let connect = |at: usize| {
            let stream = std::net::TcpStream::connect(address).expect("the server accepts");
            stream.set_nodelay(true).expect("no delay");
            stream.set_nonblocking(true).expect("non-blocking");
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(at), Interest::READABLE).expect("a place");
            (stream, 0)
        };
        let streams = (0..shape.sessions).map(connect).collect();
        let (batch, buffer) = (vec![b'x'; shape.size * shape.depth], vec![0; 1 << 20]);
        Self { shape, poll, events: Events::with_capacity(1024), streams, batch, buffer, in_flight: false }
    }

    /// Keeps the messages going for so long; says how many came back, in what time.
    pub(crate) fn run(&mut self, time: Duration) -> (u64, Duration) {
        self.begin();
        let (start, mut batches) = (Instant::now(), 0);
        while start.elapsed() < time {
            batches += self.turn(true);
        }
        (batches * self.shape.depth as u64, start.elapsed())
    }

    /// One message from each, and back.
    pub(crate) fn once(&mut self) {
        self.begin();
        let mut back = 0;
        while back < self.shape.sessions as u64 {
            back += self.turn(false);
        }
        self.in_flight = false;
        self.settle();
    }

    /// Waits until the server has nothing more to do for these sessions: no message is on its way, and it sleeps.
    pub(crate) fn settle(&self) {
        std::thread::sleep(Duration::from_millis(300));
    }

    fn begin(&mut self) {
        if !core::mem::replace(&mut self.in_flight, true) {
            for (stream, _) in &mut self.streams {
                stream.write_all(&self.batch).expect("the first batch fits the socket");
            }
        }
    }

    /// Handles what has come; says how many batches came back whole.
    fn turn(&mut self, again: bool) -> u64 {
        let mut back = 0;
        self.poll.poll(&mut self.events, Some(Duration::from_millis(100))).expect("a poll");
        for event in &self.events {
            let (stream, received) = &mut self.streams[event.token().0];
            loop {
                match stream.read(&mut self.buffer) {
                    Ok(0) => panic!("the server has closed a session"),
                    Ok(length) => *received += length,
                    Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                    Err(e) => panic!("{e}"),
                }
                if *received >= self.batch.len() {
                    *received -= self.batch.len();
                    back += 1;
                    if again {
                        stream.write_all(&self.batch).expect("a batch fits the socket");
                    }
                    break;
                }
            }
        }
        back
    }
}

/// What our server says it has allocated, in all its processes.
pub(crate) fn ask_for_allocations(address: SocketAddr) -> u64 {
    let mut stream = std::net::TcpStream::connect(address).expect("the server accepts");
    stream.write_all(ALLOCATIONS).expect("it is short");
    let mut answer = [0; 8];
    stream.read_exact(&mut answer).expect("an answer");
    u64::from_le_bytes(answer)
}
