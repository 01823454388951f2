//! A client of one session.

use crate::{
    journal::Entry,
    watch::{self, WATCHDOG},
};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, setsockopt, socket, sockopt};
use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream},
    os::fd::AsRawFd,
    thread::{self, JoinHandle},
};

/// One connection. Every wait of it is under the watchdog.
pub struct Client {
    stream: TcpStream,
    ahead: Vec<u8>,
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// In order.
    Eof,
    /// By a reset.
    Reset,
}

impl Client {
    /// Connects.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    pub fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect_timeout(&address, WATCHDOG).expect("the server listens"))
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket option can be set");
        stream.set_read_timeout(Some(WATCHDOG)).expect("a socket option can be set");
        stream.set_write_timeout(Some(WATCHDOG)).expect("a socket option can be set");
        Self { stream, ahead: Vec::new() }
    }

    /// Connects from this address of the loopback network.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    pub fn connect_from(from: Ipv4Addr, address: SocketAddr) -> Self {
        let SocketAddr::V4(to) = address else { panic!("{address} is of version 4") };
        let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).expect("a socket can be made");
        bind(socket.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(from, 0))).expect("it is an address of this machine");
        connect(socket.as_raw_fd(), &SockaddrIn::from(to)).expect("the server listens");
        Self::of(TcpStream::from(socket))
    }

    /// With a receive buffer so small that the server soon feels it when this client does not read.
    #[must_use]
    pub fn read_slowly(self) -> Self {
        setsockopt(&self.stream, sockopt::RcvBuf, &(64 << 10)).expect("a socket option can be set");
        self
    }

    /// The socket itself.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The client's own address.
    ///
    /// # Panics
    /// When the socket has none.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.stream.local_addr().expect("it is connected")
    }

    /// Sends bytes.
    ///
    /// # Panics
    /// When the connection has ended.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the connection takes bytes");
    }

    /// Sends bytes on a thread of its own, so that what comes back can be read meanwhile.
    ///
    /// # Panics
    /// When there is no descriptor for a copy of the socket.
    #[must_use]
    pub fn send_beside(&self, bytes: Vec<u8>) -> JoinHandle<io::Result<()>> {
        let mut stream = self.stream.try_clone().expect("a descriptor is left");
        thread::spawn(move || stream.write_all(&bytes))
    }

    /// Sends a line.
    pub fn say(&mut self, line: &str) {
        self.send(format!("{line}\n").as_bytes());
    }

    /// Sends a line and waits for one.
    pub fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.line()
    }

    /// Sends a line and waits for one of `key=value` words.
    pub fn ask_fields(&mut self, line: &str) -> Entry {
        Entry::read(&self.ask(line))
    }

    /// Who serves this session: `session`, `worker`, `pid`, `generation`. For a scripted server.
    pub fn who(&mut self) -> Entry {
        self.ask_fields("who")
    }

    /// This session's id. For a scripted server.
    pub fn session(&mut self) -> u64 {
        self.who().number("session")
    }

    /// Waits for a line.
    ///
    /// # Panics
    /// When the connection ends before, or the watchdog barks.
    pub fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.ahead.iter().position(|&byte| byte == b'\n') {
                let line = self.ahead.drain(..=end).collect::<Vec<u8>>();
                return String::from_utf8_lossy(&line[..end]).into_owned();
            }
            assert!(self.more().expect("a line comes") > 0, "the connection ended before the line did: {:?}", self.ahead);
        }
    }

    /// Waits for so many bytes.
    ///
    /// # Panics
    /// When the connection ends before, or the watchdog barks.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.ahead.len() < count {
            let got = self.more().expect("bytes come");
            assert!(got > 0, "the connection ended after {} of {count} bytes", self.ahead.len());
        }
        self.ahead.drain(..count).collect()
    }

    /// Waits for one byte, and takes no more from the kernel.
    ///
    /// # Panics
    /// When the connection ends before, or the watchdog barks.
    pub fn one_byte(&mut self) -> u8 {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).expect("a byte comes");
        byte[0]
    }

    /// Waits for the end; what came before, and how it ended.
    ///
    /// # Panics
    /// When the watchdog barks.
    pub fn end(mut self) -> (Vec<u8>, End) {
        loop {
            match self.more() {
                Ok(0) => return (self.ahead, End::Eof),
                Ok(_) => {}
                Err(e) if matches!(e.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                    return (self.ahead, End::Reset);
                }
                Err(e) => panic!("waited in vain for the end of a connection: {e}"),
            }
        }
    }

    /// Says that nothing more will be sent.
    ///
    /// # Panics
    /// When the connection has ended.
    pub fn finish_talking(&self) {
        self.stream.shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Ends the connection with a reset.
    ///
    /// # Panics
    /// When the option cannot be set.
    pub fn reset(self) {
        let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        setsockopt(&self.stream, sockopt::Linger, &at_once).expect("a socket option can be set");
    }

    /// Sees that the server still answers this session. For a scripted server.
    pub fn is_served(&mut self) {
        assert_eq!(self.ask("echo still here"), "still here");
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 64 << 10];
        let got = self.stream.read(&mut buffer)?;
        self.ahead.extend_from_slice(&buffer[..got]);
        Ok(got)
    }
}

/// Waits until the counters of a scripted server satisfy this, asked over a session of its own.
pub fn wait_for_stats(address: SocketAddr, awaited: &str, fact: impl Fn(&Entry) -> bool) -> Entry {
    let mut client = Client::connect(address);
    watch::find(awaited, || Some(client.ask_fields("stats")).filter(&fact))
}

/// Waits until so many sessions of a dispatcher have ended and left their rows.
pub fn wait_until_closed(server: &crate::Server, sessions: u64) {
    let mut client = server.connect();
    watch::until("so many sessions have ended", || client.ask_fields("hello").number("closed") >= sessions);
}

/// Says a line on a connection that is made where there is none, and waits for the first line that is its answer; `None` when the session
/// has ended instead. For clients of servers whose processes are killed.
///
/// # Panics
/// When nothing comes and the session does not end.
pub fn ask(stream: &mut Option<BufReader<TcpStream>>, address: SocketAddr, line: &str, is_answer: impl Fn(&str) -> bool) -> Option<String> {
    let connected = stream.get_or_insert_with(|| {
        let stream = TcpStream::connect_timeout(&address, WATCHDOG).expect("the server listens");
        stream.set_nodelay(true).expect("a socket option can be set");
        stream.set_read_timeout(Some(WATCHDOG)).expect("a socket option can be set");
        BufReader::new(stream)
    });
    let mut answer = String::new();
    let mut ended = connected.get_mut().write_all(line.as_bytes()).is_err();
    while !ended {
        answer.clear();
        match connected.read_line(&mut answer) {
            Ok(got) if got > 0 && is_answer(&answer) => return Some(answer),
            Ok(got) => ended = got == 0,
            Err(e) if e.kind() == ErrorKind::WouldBlock => panic!("no answer to {line:?}"),
            Err(_) => ended = true,
        }
    }
    *stream = None;
    None
}
