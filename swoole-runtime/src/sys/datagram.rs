//! Datagram sockets: how they are made, batches in, single packets out, and groups. Reactors receive from them, workers answer from them, so
//! every process has them, from its fork on.

use super::listener::Options;
use nix::{
    errno::Errno,
    net::if_::if_nametoindex,
    setsockopt_impl, sockopt_impl,
    sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, UnixAddr, bind, setsockopt, socket, sockopt},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
};

/// The largest packet that is received. UDP has none larger; of a unix socket it is thrown away and counted.
pub(crate) const LARGEST_PACKET: usize = 64 << 10;

/// How many packets one call receives at most.
const BATCH: usize = 32;

/// The longest name of a socket: that of a unix one.
pub(crate) const LONGEST_NAME: usize = size_of::<libc::sockaddr_un>();

/// What the kernel adds to a packet: how many were thrown away before it.
const CONTROL: usize = 24;

/// What the names of the packets of a socket are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Internet,
    Unix,
}

impl Kind {
    /// How many bytes stand in front of those of a packet: the name of its source, and in the last of them how long that is.
    pub(crate) const fn front(self) -> usize {
        match self {
            Self::Internet => 32,
            Self::Unix => 112,
        }
    }
}

/// The largest front, and the largest packet behind it.
pub(crate) const LARGEST_RECORD: usize = Kind::Unix.front() + LARGEST_PACKET;

const _: () = assert!(size_of::<libc::sockaddr_in6>() < Kind::Internet.front() && LONGEST_NAME < Kind::Unix.front());

/// The name of the source of a packet that has this front, and the packet.
pub(crate) fn parts(record: &[u8], kind: Kind) -> Option<(&[u8], &[u8])> {
    let (front, data) = record.split_at_checked(kind.front())?;
    let length = usize::from(*front.last()?);
    Some((front.get(..length)?, data))
}

/// The datagram sockets of a server, by the numbers of their listeners, until it ends.
#[derive(Default)]
pub(crate) struct Sockets(Mutex<Vec<Option<Arc<OwnedFd>>>>);

impl Sockets {
    pub(crate) fn new(sockets: Vec<Option<Arc<OwnedFd>>>) -> Self {
        Self(Mutex::new(sockets))
    }

    /// [worker] Of a program that has just begun: those that it inherits, for the listeners that are for packets.
    pub(crate) fn of(listeners: impl Iterator<Item = bool>, inherited: Vec<OwnedFd>) -> io::Result<Self> {
        let mut inherited = inherited.into_iter();
        let missing = || io::Error::other("a socket is missing");
        let sockets = listeners.map(|is_one| is_one.then(|| inherited.next().map(Arc::new).ok_or_else(missing)).transpose());
        Ok(Self::new(sockets.collect::<io::Result<_>>()?))
    }

    pub(crate) fn all(&self) -> Vec<Option<Arc<OwnedFd>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// [master] The server has ended: the addresses are free.
    pub(crate) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// A UDP socket at this address.
pub(crate) fn udp(address: SocketAddr, options: &Options) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    // Without `SO_REUSEADDR`, by which two servers would share an address of this kind, and one would get nothing.
    setsockopt(&fd, sockopt::ReusePort, &options.reuse_port)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &options.v6_only)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    count_lost(fd)
}

/// A unix socket without a file.
pub(crate) fn abstract_unix(name: &[u8]) -> io::Result<OwnedFd> {
    let fd = socket(AddressFamily::Unix, SockType::Datagram, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    bind(fd.as_raw_fd(), &UnixAddr::new_abstract(name)?)?;
    count_lost(fd)
}

/// The same socket; from here on its packets tell how many the kernel has thrown away before them.
pub(crate) fn count_lost(fd: OwnedFd) -> io::Result<OwnedFd> {
    setsockopt(&fd, sockopt::RxqOvfl, &1)?;
    Ok(fd)
}

/// What was received and not taken yet: each packet with its front, in the order they came.
pub(crate) struct Batch {
    kind: Kind,
    /// Pages that no packet has needed are not there.
    slots: Vec<u8>,
    lengths: [usize; BATCH],
    count: usize,
    next: usize,
    controls: [[u8; CONTROL]; BATCH],
    /// The kernel's count of those it threw away.
    lost: u32,
}

/// What one batch came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Received {
    pub(crate) packets: u64,
    /// Thrown away since the last batch: by the kernel, for want of room in the socket, or here, because they were too large.
    pub(crate) lost: u64,
    /// More may be there.
    pub(crate) is_full: bool,
}

impl Batch {
    pub(crate) fn new(kind: Kind) -> Self {
        let slots = vec![0; BATCH * (kind.front() + LARGEST_PACKET)];
        Self { kind, slots, lengths: [0; BATCH], count: 0, next: 0, controls: [[0; CONTROL]; BATCH], lost: 0 }
    }

    fn stride(&self) -> usize {
        self.kind.front() + LARGEST_PACKET
    }

    /// The oldest that is left, with its front.
    pub(crate) fn first(&self) -> Option<&[u8]> {
        let at = self.next * self.stride();
        let length = *self.lengths.get(self.next).filter(|_| self.next < self.count)?;
        self.slots.get(at..at + self.kind.front() + length)
    }

    /// The oldest has been taken.
    pub(crate) fn advance(&mut self) {
        self.next += 1;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.next >= self.count
    }

    /// Receives what is there. Nothing is left of the last batch.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>) -> Result<Received, Errno> {
        debug_assert!(self.is_empty());
        (self.count, self.next) = (0, 0);
        let (front, stride) = (self.kind.front(), self.stride());
        // SAFETY: both are plain numbers and pointers, for which zero is a value; of the kernel's interface, as libc declares it.
        let mut vectors: [libc::iovec; BATCH] = unsafe { core::mem::zeroed() };
        // SAFETY: as above.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { core::mem::zeroed() };
        let slots = self.slots.chunks_exact_mut(stride).zip(&mut self.controls);
        for ((header, vector), (slot, control)) in headers.iter_mut().zip(&mut vectors).zip(slots) {
            let (name, data) = slot.split_at_mut(front);
            *vector = libc::iovec { iov_base: data.as_mut_ptr().cast(), iov_len: data.len() };
            header.msg_hdr.msg_name = name.as_mut_ptr().cast();
            header.msg_hdr.msg_namelen = (front - 1) as u32;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL;
        }
        let (fd, flags) = (socket.as_raw_fd(), libc::MSG_DONTWAIT as _);
        // SAFETY: every header names memory of this batch, of the length that it says, which nobody else reads or writes meanwhile;
        // guaranteed by `&mut self` and the loop above.
        let got = unsafe { libc::recvmmsg(fd, headers.as_mut_ptr(), BATCH as u32, flags, core::ptr::null_mut()) };
        let count = Errno::result(got)?.unsigned_abs() as usize;
        let mut received = Received { packets: 0, lost: 0, is_full: count == BATCH };
        for (at, header) in headers.iter().enumerate().take(count) {
            if header.msg_hdr.msg_controllen >= CONTROL - 4 {
                let lost = lost_by(&self.controls[at]).unwrap_or(self.lost);
                received.lost += u64::from(lost.wrapping_sub(self.lost));
                self.lost = lost;
            }
            if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
                received.lost += 1;
                continue;
            }
            received.packets += 1;
            self.keep(at, header.msg_hdr.msg_namelen as usize, header.msg_len as usize);
        }
        Ok(received)
    }

    /// Takes the packet of this slot as the next one; those that are not kept before it leave no hole.
    fn keep(&mut self, at: usize, name: usize, length: usize) {
        let (front, stride) = (self.kind.front(), self.stride());
        if at != self.count {
            self.slots.copy_within(at * stride..at * stride + front + length, self.count * stride);
        }
        // Longer than what there was room for it cannot be.
        self.slots[self.count * stride + front - 1] = name.min(front - 1) as u8;
        self.lengths[self.count] = length;
        self.count += 1;
    }
}

/// What the kernel has counted, if this is that: the length, the level and the type of it stand in front.
fn lost_by(control: &[u8; CONTROL]) -> Option<u32> {
    let number = |at: usize| Some(i32::from_ne_bytes(control.get(at..at + 4)?.try_into().ok()?));
    let at = size_of::<usize>();
    let is_count = number(at)? == libc::SOL_SOCKET && number(at + 4)? == libc::SO_RXQ_OVFL;
    is_count.then(|| number(at + 8)).flatten().map(i32::cast_unsigned)
}

/// Sends one packet to the socket of this name. Does not wait.
pub(crate) fn send(socket: BorrowedFd<'_>, name: &[u8], data: &[u8]) -> Result<(), Errno> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    let (to, length) = (name.as_ptr().cast(), name.len() as libc::socklen_t);
    // SAFETY: the kernel reads `data` and `name`, as long as they are, and whatever they hold; both are borrowed for the call.
    let sent = unsafe { libc::sendto(socket.as_raw_fd(), data.as_ptr().cast(), data.len(), flags, to, length) };
    Errno::result(sent).map(drop)
}

/// The address of a name of the internet.
pub(crate) fn internet(name: &[u8]) -> Option<SocketAddr> {
    let family = i32::from(u16::from_ne_bytes(name.get(..2)?.try_into().ok()?));
    let port = u16::from_be_bytes(name.get(2..4)?.try_into().ok()?);
    if family == libc::AF_INET {
        let address: [u8; 4] = name.get(4..8)?.try_into().ok()?;
        return Some(SocketAddr::from((address, port)));
    }
    let address: [u8; 16] = name.get(8..24)?.try_into().ok()?;
    let scope = u32::from_ne_bytes(name.get(24..28)?.try_into().ok()?);
    (family == libc::AF_INET6).then(|| SocketAddr::V6(std::net::SocketAddrV6::new(address.into(), port, 0, scope)))
}

/// What stands behind the family in a name of a unix socket: a path, a zero and a name, or nothing.
pub(crate) fn unix(name: &[u8]) -> Option<&[u8]> {
    let family = i32::from(u16::from_ne_bytes(name.get(..2)?.try_into().ok()?));
    let rest = name.get(2..)?;
    // A path has a zero behind it.
    (family == libc::AF_UNIX).then(|| match rest {
        [0, ..] => rest,
        _ => rest.split(|&byte| byte == 0).next().unwrap_or_default(),
    })
}

/// By which interface a group is joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Interface<'a> {
    /// The one that the routes of this machine name.
    Any,
    /// By its name, as `eth0`.
    Name(&'a str),
    /// By its number.
    Index(u32),
    /// By its own address, for a group of IPv4.
    Address(Ipv4Addr),
}

sockopt_impl!(JoinV4, SetOnly, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, libc::ip_mreqn);
sockopt_impl!(LeaveV4, SetOnly, libc::IPPROTO_IP, libc::IP_DROP_MEMBERSHIP, libc::ip_mreqn);
sockopt_impl!(JoinV6, SetOnly, libc::IPPROTO_IPV6, libc::IPV6_ADD_MEMBERSHIP, libc::ipv6_mreq);
sockopt_impl!(LeaveV6, SetOnly, libc::IPPROTO_IPV6, libc::IPV6_DROP_MEMBERSHIP, libc::ipv6_mreq);

/// Joins a group, or leaves it. One that was joined before, by another process of the server too, is joined.
pub(crate) fn set_group(socket: BorrowedFd<'_>, group: IpAddr, interface: Interface<'_>, is_joined: bool) -> io::Result<()> {
    let (index, address) = match interface {
        Interface::Any => (0, Ipv4Addr::UNSPECIFIED),
        Interface::Name(name) => (if_nametoindex(name)?, Ipv4Addr::UNSPECIFIED),
        Interface::Index(index) => (index, Ipv4Addr::UNSPECIFIED),
        Interface::Address(address) => (0, address),
    };
    let of_v4 = |address: Ipv4Addr| libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) };
    let set = match group {
        IpAddr::V4(group) => {
            let imr_ifindex = i32::try_from(index).unwrap_or(i32::MAX);
            let request = libc::ip_mreqn { imr_multiaddr: of_v4(group), imr_address: of_v4(address), imr_ifindex };
            if is_joined { setsockopt(&socket, JoinV4, &request) } else { setsockopt(&socket, LeaveV4, &request) }
        }
        IpAddr::V6(_) if address != Ipv4Addr::UNSPECIFIED => Err(Errno::EINVAL),
        IpAddr::V6(group) => {
            let ipv6mr_multiaddr = libc::in6_addr { s6_addr: group.octets() };
            let request = libc::ipv6_mreq { ipv6mr_multiaddr, ipv6mr_interface: index };
            if is_joined { setsockopt(&socket, JoinV6, &request) } else { setsockopt(&socket, LeaveV6, &request) }
        }
    };
    match set {
        Err(Errno::EADDRINUSE) if is_joined => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::UdpSocket,
        os::{fd::AsFd, linux::net::SocketAddrExt},
    };

    #[test]
    fn a_batch_has_the_packets_in_their_order_with_their_sources() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let socket = udp(host.parse().expect("an address"), &Options::PLAIN).expect("it can be made");
            let server = UdpSocket::from(socket.try_clone().expect("a descriptor is left"));
            let client = UdpSocket::bind(host).expect("it can be made");
            let address = server.local_addr().expect("it has one");
            let sizes = [0, 1, 1500, 60_000];
            for size in sizes {
                client.send_to(&vec![size as u8; size], address).expect("it is taken");
            }
            let mut batch = Batch::new(Kind::Internet);
            assert_eq!(batch.receive(socket.as_fd()).expect("there are some").packets, 4);
            for size in sizes {
                let (name, data) = parts(batch.first().expect("there is one"), Kind::Internet).expect("it has both");
                assert_eq!((data, internet(name)), (&*vec![size as u8; size], client.local_addr().ok()));
                send(socket.as_fd(), name, b"thanks").expect("it is taken");
                let mut answer = [0; 16];
                assert_eq!(client.recv(&mut answer).expect("it comes"), 6);
                batch.advance();
            }
            assert!(batch.is_empty() && batch.first().is_none());
            assert_eq!(batch.receive(socket.as_fd()).err(), Some(Errno::EAGAIN));
        }
    }

    #[test]
    fn what_the_kernel_throws_away_is_counted() {
        let socket = udp("127.0.0.1:0".parse().expect("an address"), &Options::PLAIN).expect("it can be made");
        setsockopt(&socket, sockopt::RcvBuf, &4096).expect("it can be set");
        let server = UdpSocket::from(socket.try_clone().expect("a descriptor is left"));
        let address = server.local_addr().expect("it has one");
        let client = UdpSocket::bind("127.0.0.1:0").expect("it can be made");
        let mut batch = Batch::new(Kind::Internet);
        let (mut packets, mut lost) = (0, 0);
        let mut drain = |batch: &mut Batch| {
            while let Ok(received) = batch.receive(socket.as_fd()) {
                (packets, lost) = (packets + received.packets, lost + received.lost);
                while !batch.is_empty() {
                    batch.advance();
                }
            }
        };
        for _ in 0..100 {
            client.send_to(&[7; 1000], address).expect("it is taken");
        }
        drain(&mut batch);
        // The next packet tells of those before it.
        client.send_to(&[7; 10], address).expect("it is taken");
        drain(&mut batch);
        assert!(lost > 0);
        assert_eq!(packets + lost, 101);
    }

    #[test]
    fn a_packet_that_is_too_large_leaves_those_around_it_whole() {
        let name = format!("swoole-datagram-{}", std::process::id());
        let socket = abstract_unix(name.as_bytes()).expect("it can be made");
        let client = std::os::unix::net::UnixDatagram::unbound().expect("it can be made");
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name);
        client.connect_addr(&address.expect("it is short")).expect("it is there");
        for size in [10, LARGEST_PACKET + 1, LARGEST_PACKET] {
            client.send(&vec![size as u8; size]).expect("it is taken");
        }
        let mut batch = Batch::new(Kind::Unix);
        let received = batch.receive(socket.as_fd()).expect("there are some");
        assert_eq!((received.packets, received.lost), (2, 1));
        for size in [10, LARGEST_PACKET] {
            let (from, data) = parts(batch.first().expect("there is one"), Kind::Unix).expect("it has both");
            // It has no name.
            assert!(unix(from).is_none_or(<[u8]>::is_empty));
            assert_eq!(data.len(), size);
            batch.advance();
        }
    }
}
