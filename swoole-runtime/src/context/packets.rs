//! Packets: where one came from, and answers to it, which a worker sends by the socket itself.

use super::{Worker, WorkerStart};
use crate::{
    error::SendError,
    layout::Memory,
    sys::datagram::{self, Interface, LONGEST_NAME},
};
use core::{fmt, hash, net::SocketAddr};
use nix::errno::Errno;
use std::{
    ffi::OsStr,
    io,
    net::IpAddr,
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
    sync::Arc,
};

/// Where a packet came from, and by which listener. It can be kept, to send more there later.
#[derive(Clone, Copy)]
pub struct PacketSource {
    listener: u8,
    listener_name: &'static str,
    /// As the kernel has it.
    name: [u8; LONGEST_NAME],
    length: u8,
}

impl PacketSource {
    pub(crate) fn new(memory: &'static Memory, listener: u8, source: &[u8]) -> Self {
        let mut name = [0; LONGEST_NAME];
        let length = source.len().min(LONGEST_NAME);
        name[..length].copy_from_slice(&source[..length]);
        let listener_name = memory.settings.listeners.get(usize::from(listener)).map_or("", |listener| listener.name);
        Self { listener, listener_name, name, length: length as u8 }
    }

    fn name(&self) -> &[u8] {
        &self.name[..usize::from(self.length)]
    }

    /// Its address and port; `None` for one of a unix socket. The original: `address` and `port` of `$clientInfo`.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        datagram::internet(self.name())
    }

    /// The file of a unix socket; `None` where it has none, and for one of another kind.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        datagram::unix(self.name())
            .filter(|path| path.first().is_some_and(|&first| first != 0))
            .map(|path| Path::new(OsStr::from_bytes(path)))
    }

    /// The listener that it came to, from 0.
    #[must_use]
    pub fn listener(&self) -> u16 {
        self.listener.into()
    }

    /// What that listener is called; `main` where the attribute gives no name.
    #[must_use]
    pub fn listener_name(&self) -> &'static str {
        self.listener_name
    }
}

impl PartialEq for PacketSource {
    fn eq(&self, other: &Self) -> bool {
        self.listener == other.listener && self.name() == other.name()
    }
}

impl Eq for PacketSource {}

impl hash::Hash for PacketSource {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.listener.hash(state);
        self.name().hash(state);
    }
}

impl fmt::Display for PacketSource {
    /// `127.0.0.1:4711`, the path of a unix socket, `@name` for one without a file, or `unix` for one without a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address(), datagram::unix(self.name())) {
            (Some(address), _) => address.fmt(f),
            (None, Some([0, name @ ..])) => write!(f, "@{}", String::from_utf8_lossy(name)),
            (None, Some(path @ [_, ..])) => f.write_str(&String::from_utf8_lossy(path)),
            _ => f.write_str("unix"),
        }
    }
}

impl fmt::Debug for PacketSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketSource").field("from", &format_args!("{self}")).field("listener", &self.listener_name).finish()
    }
}

/// The datagram sockets of this process.
pub(crate) struct PacketSockets(Vec<Option<Arc<OwnedFd>>>);

impl PacketSockets {
    pub(crate) fn of(memory: &Memory) -> Self {
        Self(memory.sockets.all())
    }

    fn at(&self, listener: usize) -> Option<&OwnedFd> {
        self.0.get(listener)?.as_deref()
    }

    fn named(&self, memory: &Memory, listener: &str) -> io::Result<&OwnedFd> {
        let at = memory.settings.listeners.iter().position(|known| known.name == listener);
        let socket = at.and_then(|at| self.at(at));
        socket.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("there is no datagram listener `{listener}`")))
    }

    fn send(&self, to: &PacketSource, data: &[u8]) -> Result<(), SendError> {
        let socket = self.at(to.listener.into()).ok_or(SendError::Unreachable)?;
        loop {
            return match datagram::send(socket.as_fd(), to.name(), data) {
                Ok(()) => Ok(()),
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM) => Err(SendError::BufferFull),
                Err(Errno::EMSGSIZE) => Err(SendError::TooLarge),
                // Nobody has that address or name, or no way leads there.
                Err(
                    Errno::ECONNREFUSED
                    | Errno::EHOSTUNREACH
                    | Errno::ENETUNREACH
                    | Errno::EHOSTDOWN
                    | Errno::ENETDOWN
                    | Errno::ENOENT
                    | Errno::ENOTCONN
                    | Errno::EADDRNOTAVAIL
                    | Errno::EDESTADDRREQ
                    | Errno::EPROTOTYPE,
                ) => Err(SendError::Unreachable),
                Err(errno) => Err(SendError::System(errno as i32)),
            };
        }
    }
}

impl<S> Worker<S> {
    /// Sends one packet to where another came from, by the socket that it came to: at most 65 507 bytes over UDP, and does not wait. An empty
    /// packet is one, too. The original: `$serv->sendto`.
    ///
    /// # Errors
    /// [`SendError::BufferFull`] when the kernel has no room for it, or a unix socket has too much unread; [`SendError::TooLarge`];
    /// [`SendError::Unreachable`] when there is no way there, or nobody; [`SendError::System`] for what else the system says. Nothing is sent then. That a packet was sent does not say that it comes.
    pub fn send_to(&self, to: &PacketSource, data: &[u8]) -> Result<(), SendError> {
        self.outbox().packets().send(to, data)
    }

    /// Has the packets of a multicast group come to this datagram listener, named as in the attribute, the main one `main`. All processes of
    /// a server have one socket for it, so it is enough that one of them does this, and no harm if each does.
    ///
    /// # Errors
    /// Of the kernel; `NotFound` when there is no such datagram listener.
    pub fn join_group(&self, listener: &str, group: IpAddr, interface: Interface<'_>) -> io::Result<()> {
        datagram::set_group(self.socket_of(listener)?.as_fd(), group, interface, true)
    }

    /// The end of [`join_group`](Self::join_group), for all processes of the server.
    ///
    /// # Errors
    /// Of the kernel, as for a group that was not joined; `NotFound` when there is no such datagram listener.
    pub fn leave_group(&self, listener: &str, group: IpAddr, interface: Interface<'_>) -> io::Result<()> {
        datagram::set_group(self.socket_of(listener)?.as_fd(), group, interface, false)
    }

    /// The socket of a datagram listener, to look at its options or to set them: with `socket2`, `SockRef::from(&socket)`. What is set holds for
    /// all processes of the server. The server goes on to read from it. The original: `$serv->getSocket`.
    ///
    /// # Errors
    /// `NotFound` when there is no such datagram listener.
    pub fn get_socket(&self, listener: &str) -> io::Result<std::os::fd::BorrowedFd<'_>> {
        Ok(self.socket_of(listener)?.as_fd())
    }

    fn socket_of(&self, listener: &str) -> io::Result<&OwnedFd> {
        self.outbox().packets().named(self.outbox().memory(), listener)
    }
}

impl WorkerStart {
    /// Has the packets of a multicast group come to this datagram listener, as [`Worker::join_group`] has. The socket is the server's and
    /// stays in the group when a worker is replaced: where the group may be left meanwhile, only the first worker joins it,
    /// `if worker.generation() == 1`.
    ///
    /// # Errors
    /// Of the kernel; `NotFound` when there is no such datagram listener.
    pub fn join_group(&self, listener: &str, group: IpAddr, interface: Interface<'_>) -> io::Result<()> {
        datagram::set_group(self.packets().named(self.memory(), listener)?.as_fd(), group, interface, true)
    }

    /// The socket of a datagram listener, to set its options before the first packet comes to this worker: see [`Worker::get_socket`].
    ///
    /// # Errors
    /// `NotFound` when there is no such datagram listener.
    pub fn get_socket(&self, listener: &str) -> io::Result<std::os::fd::BorrowedFd<'_>> {
        Ok(self.packets().named(self.memory(), listener)?.as_fd())
    }
}
