//! Clients of a server of packets, and the sockets that it has.

use crate::{Directory, Entry, Launch, Server, watch};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::unix::net::UnixDatagram,
};

/// The server `packets`, with the sockets that have files in this directory.
pub fn launch(program: &str, directory: &Directory) -> Launch {
    Launch::new(program)
        .workers(2)
        .environment("SWOOLE_LISTENER_LOCAL_LISTEN", &format!("unix-dgram://{}", directory.socket().display()))
        .environment("SWOOLE_LISTENER_ABSTRACT_LISTEN", &format!("unix-dgram://@{}", directory.name()))
}

/// A client of one address.
pub trait Talks {
    /// Gives the kernel a packet; how many bytes of it were taken.
    ///
    /// # Errors
    /// Those of the socket.
    fn pass(&self, packet: &[u8]) -> io::Result<usize>;

    /// Takes the next packet from the kernel; how many bytes it has.
    ///
    /// # Errors
    /// Those of the socket.
    fn take(&self, packet: &mut [u8]) -> io::Result<usize>;

    /// Sends a packet.
    ///
    /// # Panics
    /// When the kernel does not take it.
    fn say(&self, packet: &[u8]) {
        assert_eq!(self.pass(packet).expect("it is taken"), packet.len());
    }

    /// Waits for a packet.
    ///
    /// # Panics
    /// When none comes.
    fn hear(&self) -> Vec<u8> {
        let mut answer = vec![0; 1 << 17];
        let length = self.take(&mut answer).expect("an answer comes");
        answer.truncate(length);
        answer
    }

    /// Sends a text and waits for one.
    ///
    /// # Panics
    /// When none comes.
    fn ask(&self, packet: &str) -> String {
        self.say(packet.as_bytes());
        String::from_utf8(self.hear()).expect("it is text")
    }

    /// Who serves packets of this source, and as what.
    fn who(&self) -> Entry {
        Entry::read(&self.ask("who?"))
    }
}

impl Talks for UdpSocket {
    fn pass(&self, packet: &[u8]) -> io::Result<usize> {
        self.send(packet)
    }

    fn take(&self, packet: &mut [u8]) -> io::Result<usize> {
        self.recv(packet)
    }
}

impl Talks for UnixDatagram {
    fn pass(&self, packet: &[u8]) -> io::Result<usize> {
        self.send(packet)
    }

    fn take(&self, packet: &mut [u8]) -> io::Result<usize> {
        self.recv(packet)
    }
}

/// A client of this address.
///
/// # Panics
/// When no socket can be made.
#[must_use]
pub fn udp(address: SocketAddr) -> UdpSocket {
    let here: IpAddr = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    let socket = UdpSocket::bind((here, 0)).expect("a port is free");
    socket.connect(address).expect("it is an address");
    socket.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    socket
}

/// A client with a file of this name, which is connected to nobody yet.
///
/// # Panics
/// When no socket can be made.
#[must_use]
pub fn unix(directory: &Directory, name: &str) -> UnixDatagram {
    let socket = UnixDatagram::bind(directory.path().join(name)).expect("a file can be made");
    socket.set_read_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    socket.set_write_timeout(Some(watch::WATCHDOG)).expect("it is not zero");
    socket
}

/// A client whose packets go to this worker.
#[must_use]
pub fn udp_to_worker(server: &Server, worker: u64) -> UdpSocket {
    let address = server.address_of("udp");
    watch::find("a client of that worker", || Some(udp(address)).filter(|client| client.who().number("worker") == worker))
}
