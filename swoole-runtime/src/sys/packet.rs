//! Short messages between processes, a descriptor with them where need be: a pair of unix sockets that keep packets whole.

use nix::{
    cmsg_space,
    errno::Errno,
    sys::socket::{AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, sendmsg, socketpair},
};
use std::{
    io,
    io::{IoSlice, IoSliceMut},
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

/// How long a message is.
pub(crate) const LENGTH: usize = 16;

/// One end of a pair. Never waits.
pub(crate) struct Packets(OwnedFd);

/// Two ends that hear each other.
pub(crate) fn pair() -> io::Result<(Packets, Packets)> {
    let (a, b) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK)?;
    Ok((Packets(a), Packets(b)))
}

impl Packets {
    /// One that this process has inherited.
    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// Sends one message; the receiver gets a copy of the descriptor.
    pub(crate) fn send(&self, message: [u8; LENGTH], fd: Option<BorrowedFd<'_>>) -> Result<(), Errno> {
        let fds = fd.map(|fd| [fd.as_raw_fd()]);
        let control = fds.as_ref().map(|fds| [ControlMessage::ScmRights(fds)]);
        let control = control.as_ref().map_or(&[][..], |c| &c[..]);
        loop {
            return match sendmsg::<()>(self.0.as_raw_fd(), &[IoSlice::new(&message)], control, MsgFlags::MSG_NOSIGNAL, None) {
                Ok(_) => Ok(()),
                Err(Errno::EINTR) => continue,
                Err(errno) => Err(errno),
            };
        }
    }

    /// The next message, if one waits. A message of another length is no message of ours and is passed over.
    pub(crate) fn receive(&self) -> Option<([u8; LENGTH], Option<OwnedFd>)> {
        loop {
            let mut bytes = [0; LENGTH];
            let mut control = cmsg_space!([RawFd; 1]);
            let mut parts = [IoSliceMut::new(&mut bytes)];
            let (length, fd) = match recvmsg::<()>(self.0.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_CMSG_CLOEXEC) {
                Ok(got) => (got.bytes, got.cmsgs().ok().and_then(|mut all| all.find_map(first_fd))),
                Err(Errno::EINTR) => continue,
                Err(_) => return None,
            };
            match length {
                0 => return None,
                LENGTH => return Some((bytes, fd)),
                _ => {}
            }
        }
    }
}

/// The first descriptor that came along. There is room for more, for the sake of alignment: those are closed.
fn first_fd(message: ControlMessageOwned) -> Option<OwnedFd> {
    let ControlMessageOwned::ScmRights(fds) = message else {
        return None;
    };
    // SAFETY: nobody else owns these descriptors; the kernel made them for the message that was just received.
    let mut owned = fds.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    let first = owned.next();
    owned.for_each(drop);
    first
}

impl AsFd for Packets {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Packets {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
