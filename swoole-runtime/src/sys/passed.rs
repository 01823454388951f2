//! Listening sockets that whoever started the server has opened for it, in the way of systemd: descriptors from 3 on, so many as
//! `LISTEN_FDS` says, for the process of `LISTEN_PID`. Used by the start.

use super::listener::Address;
use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    sys::socket::{SockType, getsockopt, sockopt},
};
use std::{
    io,
    os::fd::{FromRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicBool, Ordering},
};

/// The first of them.
const FIRST: RawFd = 3;

/// More than anybody passes on.
const MOST: RawFd = 1024;

/// Those that nobody has taken yet.
pub(crate) struct Passed(Vec<Open>);

/// One of them: where it listens, and whether it is for packets.
struct Open {
    fd: OwnedFd,
    address: Address,
    is_datagram: bool,
}

impl Passed {
    /// [master] All that were passed to this process; the second time there are none.
    pub(crate) fn take() -> Self {
        static ARE_TAKEN: AtomicBool = AtomicBool::new(false);
        if !cfg!(feature = "cli") {
            return Self(Vec::new());
        }
        let number = |name: &str| std::env::var(name).ok()?.parse::<RawFd>().ok();
        let is_mine = number("LISTEN_PID").is_some_and(|pid| pid == std::process::id().cast_signed());
        // Relaxed: starts come one after the other.
        if !is_mine || ARE_TAKEN.swap(true, Ordering::Relaxed) {
            return Self(Vec::new());
        }
        let last = FIRST + number("LISTEN_FDS").unwrap_or(0).clamp(0, MOST);
        Self((FIRST..last).filter_map(listener).collect())
    }

    /// The one of this kind that listens on this address.
    pub(crate) fn of(&mut self, address: &Address, is_datagram: bool) -> Option<OwnedFd> {
        let at = self.0.iter().position(|open| open.address == *address && open.is_datagram == is_datagram)?;
        Some(self.0.swap_remove(at).fd)
    }

    /// The addresses of those that are left.
    pub(crate) fn left(&self) -> impl Iterator<Item = &Address> {
        self.0.iter().map(|open| &open.address)
    }
}

/// A socket of ours that listens or is for packets, if this is one; any other descriptor stays as it is.
fn listener(number: RawFd) -> Option<Open> {
    let is_open = super::exec::is_open(number);
    // SAFETY: it is open, which was just asked, and nobody else owns it: who started this process has opened it for whoever reads
    // `LISTEN_PID`, which names this process, and this is asked once.
    let fd = is_open.then(|| unsafe { OwnedFd::from_raw_fd(number) })?;
    match address(&fd) {
        Ok(Some((address, is_datagram))) => Some(Open { fd, address, is_datagram }),
        _ => {
            core::mem::forget(fd);
            None
        }
    }
}

/// Where it listens, and whether for packets, and made ready for this program, if it does.
fn address(fd: &OwnedFd) -> io::Result<Option<(Address, bool)>> {
    super::exec::keep_to_this_program(fd)?;
    let is_datagram = match getsockopt(fd, sockopt::SockType)? {
        SockType::Datagram => true,
        SockType::Stream if getsockopt(fd, sockopt::AcceptConn)? => false,
        _ => return Ok(None),
    };
    let address = Address::of(fd)?;
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(Some((address, is_datagram)))
}
