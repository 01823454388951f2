//! Listening sockets: their addresses, their options, and how they are made. Used by the start, and by the master which accepts.
//!
//! What is accepted inherits from its listener all options but those of the listener alone, which saves system calls on each connection.

pub(crate) use super::local::Placed;
use super::{datagram, local};
use core::fmt;
use nix::{
    getsockopt_impl, setsockopt_impl, sockopt_impl,
    sys::socket::{
        AddressFamily, Backlog, SockFlag, SockProtocol, SockType, SockaddrLike, SockaddrStorage, UnixAddr, bind, getsockname, listen,
        setsockopt, socket, sockopt,
    },
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::net::UnixListener,
    },
    path::PathBuf,
    sync::Arc,
};

sockopt_impl!(DeferAccept, Both, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, i32);
sockopt_impl!(FastOpen, Both, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, i32);

/// Where a socket listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Address {
    Internet(SocketAddr),
    /// A file.
    Path(PathBuf),
    /// A name that no file has.
    Abstract(Vec<u8>),
}

/// A socket that listens, or that packets come in by, which every process of the server has.
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
    Datagram(Arc<OwnedFd>),
}

/// What a listener is to be like. Zero leaves a time or a number to the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Options {
    pub(crate) backlog: u32,
    pub(crate) nodelay: bool,
    /// In seconds.
    pub(crate) defer_accept: u32,
    pub(crate) fastopen: u32,
    /// In seconds.
    pub(crate) user_timeout: u32,
    pub(crate) keepalive: Option<Keepalive>,
    pub(crate) reuse_port: bool,
    /// Of an IPv6 address.
    pub(crate) v6_only: bool,
    /// The permissions of a unix socket's file; `None` for what the umask leaves.
    pub(crate) mode: Option<u32>,
}

/// How the kernel asks for a sign of life; `None` leaves a part to it. Times in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Keepalive {
    pub(crate) idle: Option<u32>,
    pub(crate) interval: Option<u32>,
    pub(crate) count: Option<u32>,
}

/// A TCP socket that listens on this address.
pub(crate) fn tcp(address: SocketAddr, options: &Options) -> io::Result<Socket> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, SockProtocol::Tcp)?;
    // Connections of a server that has just ended must not keep the next one from its port.
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    // Before `bind`, which looks at it.
    setsockopt(&fd, sockopt::ReusePort, &options.reuse_port)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &options.v6_only)?;
    }
    set_tcp(&fd, options)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&fd, backlog(options)?)?;
    Ok(Socket::Tcp(TcpListener::from(fd)))
}

/// A unix socket with a file, whose name goes along; `None` where a live server listens there. What a dead one has left is replaced.
pub(crate) fn unix(path: &std::path::Path, options: &Options) -> io::Result<Option<(Socket, Placed)>> {
    let named = local::listen(path, options.mode, options.backlog)?;
    Ok(named.map(|named| {
        let place = named.place().clone();
        (Socket::Unix(named.listener), place)
    }))
}

/// A unix socket without a file: its name goes with it.
pub(crate) fn abstract_unix(name: &[u8], options: &Options) -> io::Result<Socket> {
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    bind(fd.as_raw_fd(), &UnixAddr::new_abstract(name)?)?;
    listen(&fd, backlog(options)?)?;
    Ok(Socket::Unix(UnixListener::from(fd)))
}

/// A socket for packets that come to this address; `None` where a live server has the path.
pub(crate) fn datagram(address: &Address, options: &Options) -> io::Result<Option<(Socket, Option<Placed>)>> {
    let (fd, place) = match address {
        Address::Internet(address) => (datagram::udp(*address, options)?, None),
        Address::Abstract(name) => (datagram::abstract_unix(name)?, None),
        Address::Path(path) => match local::receive(path, options.mode)? {
            Some((fd, place)) => (datagram::count_lost(fd)?, Some(place)),
            None => return Ok(None),
        },
    };
    Ok(Some((Socket::Datagram(Arc::new(fd)), place)))
}

fn backlog(options: &Options) -> io::Result<Backlog> {
    Ok(Backlog::new(i32::try_from(options.backlog).unwrap_or(i32::MAX))?)
}

fn set_tcp(fd: &impl AsFd, options: &Options) -> io::Result<()> {
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    setsockopt(fd, sockopt::TcpNoDelay, &options.nodelay)?;
    if options.defer_accept > 0 {
        setsockopt(fd, DeferAccept, &number(options.defer_accept))?;
    }
    if options.fastopen > 0 {
        setsockopt(fd, FastOpen, &number(options.fastopen))?;
    }
    if options.user_timeout > 0 {
        setsockopt(fd, sockopt::TcpUserTimeout, &options.user_timeout.saturating_mul(1000))?;
    }
    if let Some(Keepalive { idle, interval, count }) = options.keepalive {
        setsockopt(fd, sockopt::KeepAlive, &true)?;
        if let Some(idle) = idle {
            setsockopt(fd, sockopt::TcpKeepIdle, &idle)?;
        }
        if let Some(interval) = interval {
            setsockopt(fd, sockopt::TcpKeepInterval, &interval)?;
        }
        if let Some(count) = count {
            setsockopt(fd, sockopt::TcpKeepCount, &count)?;
        }
    }
    Ok(())
}

impl Socket {
    /// What every process has of it.
    pub(crate) fn for_packets(&self) -> Option<Arc<OwnedFd>> {
        match self {
            Self::Datagram(socket) => Some(Arc::clone(socket)),
            Self::Tcp(_) | Self::Unix(_) => None,
        }
    }

    /// A socket for packets that somebody else has made.
    pub(crate) fn passed_for_packets(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self::Datagram(Arc::new(datagram::count_lost(fd)?)))
    }

    /// A socket that somebody else has made and listens on; what can still be set is set.
    pub(crate) fn passed(fd: OwnedFd, address: &Address, options: &Options) -> io::Result<Self> {
        match address {
            Address::Internet(_) => {
                set_tcp(&fd, options)?;
                Ok(Self::Tcp(TcpListener::from(fd)))
            }
            Address::Path(_) | Address::Abstract(_) => Ok(Self::Unix(UnixListener::from(fd))),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
            Self::Datagram(socket) => socket.as_fd(),
        }
    }
}

impl Address {
    /// Where this socket listens, if it is of a kind that is known here.
    pub(crate) fn of(fd: &impl AsFd) -> io::Result<Self> {
        let bound: SockaddrStorage = getsockname(fd.as_fd().as_raw_fd())?;
        let unknown = || io::Error::other("it is of another kind");
        match bound.family() {
            Some(AddressFamily::Inet) => Ok(Self::Internet(SocketAddr::V4((*bound.as_sockaddr_in().ok_or_else(unknown)?).into()))),
            Some(AddressFamily::Inet6) => Ok(Self::Internet(SocketAddr::V6((*bound.as_sockaddr_in6().ok_or_else(unknown)?).into()))),
            Some(AddressFamily::Unix) => {
                let unix = bound.as_unix_addr().ok_or_else(unknown)?;
                let path = unix.path().map(|path| Self::Path(path.to_owned()));
                path.or_else(|| unix.as_abstract().map(|name| Self::Abstract(name.to_owned()))).ok_or_else(unknown)
            }
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet(address) => address.fmt(f),
            Self::Path(path) => path.display().fmt(f),
            Self::Abstract(name) => write!(f, "@{}", String::from_utf8_lossy(name)),
        }
    }
}

#[cfg(test)]
impl Options {
    /// Nothing of it is out of the ordinary.
    pub(crate) const PLAIN: Self = Self {
        backlog: 8,
        nodelay: true,
        defer_accept: 0,
        fastopen: 0,
        user_timeout: 0,
        keepalive: None,
        reuse_port: false,
        v6_only: false,
        mode: None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{GetSockOpt, getsockopt};
    use std::net::TcpStream;

    fn any(options: &Options) -> (TcpListener, SocketAddr) {
        match tcp(SocketAddr::from(([127, 0, 0, 1], 0)), options).expect("it can be made") {
            Socket::Tcp(socket) => {
                let address = socket.local_addr().expect("it has one");
                (socket, address)
            }
            Socket::Unix(_) | Socket::Datagram(_) => panic!("another kind"),
        }
    }

    fn get<O: GetSockOpt>(fd: &impl AsFd, option: O) -> O::Val {
        getsockopt(fd, option).expect("it can be asked")
    }

    #[test]
    fn what_is_accepted_has_the_options_of_its_listener() {
        let keepalive = Some(Keepalive { idle: Some(77), interval: Some(7), count: Some(4) });
        for (options, has) in
            [(Options { user_timeout: 9, keepalive, ..Options::PLAIN }, true), (Options { nodelay: false, ..Options::PLAIN }, false)]
        {
            let (listener, address) = any(&options);
            let _client = TcpStream::connect(address).expect("it listens");
            listener.set_nonblocking(false).expect("it can wait");
            let accepted = listener.accept().expect("a client is there").0;
            assert_eq!(get(&accepted, sockopt::TcpNoDelay), has);
            assert_eq!(get(&accepted, sockopt::KeepAlive), has);
            assert_eq!(get(&accepted, sockopt::TcpUserTimeout), if has { 9000 } else { 0 });
            let parts =
                (get(&accepted, sockopt::TcpKeepIdle), get(&accepted, sockopt::TcpKeepInterval), get(&accepted, sockopt::TcpKeepCount));
            assert_eq!(parts == (77, 7, 4), has, "{parts:?}");
        }
    }

    #[test]
    fn what_is_of_the_listener_alone_is_set_on_it() {
        let (listener, address) = any(&Options { defer_accept: 5, fastopen: 16, reuse_port: true, ..Options::PLAIN });
        // The kernel counts in retransmissions, whose time is no less.
        assert!(get(&listener, DeferAccept) >= 5);
        assert_eq!(get(&listener, FastOpen), 16);
        assert!(get(&listener, sockopt::ReusePort));
        let second = tcp(address, &Options { reuse_port: true, ..Options::PLAIN });
        assert!(second.is_ok(), "the port is shared");
        assert!(tcp(address, &Options::PLAIN).is_err(), "not with one that does not share it");

        let (plain, _) = any(&Options::PLAIN);
        assert_eq!((get(&plain, DeferAccept), get(&plain, FastOpen), get(&plain, sockopt::ReusePort)), (0, 0, false));
    }

    #[test]
    fn an_ipv6_address_is_of_both_families_or_of_its_own() {
        let Ok(Socket::Tcp(both)) = tcp("[::]:0".parse().expect("an address"), &Options::PLAIN) else { return };
        assert!(!get(&both, sockopt::Ipv6V6Only));
        let Ok(Socket::Tcp(alone)) = tcp("[::]:0".parse().expect("an address"), &Options { v6_only: true, ..Options::PLAIN }) else {
            return;
        };
        assert!(get(&alone, sockopt::Ipv6V6Only));
    }

    #[test]
    fn an_address_is_read_from_its_socket() {
        let (tcp, address) = any(&Options::PLAIN);
        assert_eq!(Address::of(&tcp).ok(), Some(Address::Internet(address)));
        let name = format!("swoole-listener-{}", std::process::id());
        let first = abstract_unix(name.as_bytes(), &Options::PLAIN).expect("it is free");
        assert_eq!(Address::of(&first).expect("it has one").to_string(), format!("@{name}"));
        assert_eq!(abstract_unix(name.as_bytes(), &Options::PLAIN).err().map(|e| e.kind()), Some(io::ErrorKind::AddrInUse));
    }
}
