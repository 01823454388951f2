//! Listening sockets.

use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, listen, setsockopt, socket, sockopt,
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::fd::AsRawFd,
};

/// A TCP socket that listens on this address. `v6_only` is for IPv6 addresses. What is accepted inherits `nodelay` from it, which
/// saves a system call on each.
pub(crate) fn tcp(address: SocketAddr, v6_only: bool, backlog: u32, nodelay: bool) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, SockProtocol::Tcp)?;
    // Connections of a server that has just ended must not keep the next one from its port.
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    setsockopt(&fd, sockopt::TcpNoDelay, &nodelay)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &v6_only)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    listen(&fd, Backlog::new(i32::try_from(backlog).unwrap_or(i32::MAX))?)?;
    Ok(TcpListener::from(fd))
}

/// What is accepted from it has it, too.
pub(crate) fn set_nodelay(listener: &TcpListener, nodelay: bool) -> io::Result<()> {
    Ok(setsockopt(listener, sockopt::TcpNoDelay, &nodelay)?)
}
