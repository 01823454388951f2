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
    /// Name and URL of the listener that it is, and whether its file is the server's own, where a server has handed it over.
    listener: Option<(String, String, bool)>,
}

/// What a listener takes.
pub(crate) struct Taken {
    pub(crate) fd: OwnedFd,
    pub(crate) address: Address,
    /// Its file is the server's to remove.
    pub(crate) has_file: bool,
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

    /// Those of a server whose place is taken: descriptor, name and URL of each, and whether its file is the server's own.
    #[cfg(feature = "cli")]
    pub(crate) fn handed_over(all: impl Iterator<Item = (OwnedFd, String, String, bool)>) -> Self {
        let open = all.filter_map(|(fd, name, url, has_file)| {
            let (address, is_datagram) = address(&fd).ok()??;
            Some(Open { fd, address, is_datagram, listener: Some((name, url, has_file)) })
        });
        Self(open.collect())
    }

    /// The one of this kind that listens on this address; of a server whose place is taken, that of this listener, whatever its port became.
    pub(crate) fn of(&mut self, name: &str, url: &str, address: &Address, is_datagram: bool) -> Option<Taken> {
        let is_it = |open: &Open| match &open.listener {
            Some((its_name, its_url, _)) => its_name == name && (its_url == url || open.address == *address),
            None => open.address == *address,
        };
        let at = self.0.iter().position(|open| is_it(open) && open.is_datagram == is_datagram)?;
        let Open { fd, address, listener, .. } = self.0.swap_remove(at);
        Some(Taken { fd, address, has_file: listener.is_some_and(|(_, _, has_file)| has_file) })
    }

    /// The files of a server whose place is taken, where it listens no more.
    #[cfg(feature = "cli")]
    pub(crate) fn left_files(&self) -> impl Iterator<Item = &std::path::Path> {
        self.0.iter().filter_map(|open| match (&open.address, &open.listener) {
            (Address::Path(path), Some((_, _, true))) => Some(path.as_path()),
            _ => None,
        })
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
        Ok(Some((address, is_datagram))) => Some(Open { fd, address, is_datagram, listener: None }),
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
