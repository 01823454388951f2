//! Listening sockets that whoever started the server has opened for it, in the way of systemd: descriptors from 3 on, so many as
//! `LISTEN_FDS` says, for the process of `LISTEN_PID`. Used by the start.

use nix::sys::socket::{getsockopt, sockopt};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::fd::{FromRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicBool, Ordering},
};

/// The first of them.
const FIRST: RawFd = 3;

/// More than anybody passes on.
const MOST: RawFd = 1024;

/// Those that nobody has taken yet.
pub(crate) struct Passed(Vec<TcpListener>);

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

    /// The one that listens on this address.
    pub(crate) fn of(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.0.iter().position(|listener| listener.local_addr().is_ok_and(|bound| bound == address))?;
        Some(self.0.swap_remove(at))
    }

    /// The addresses of those that are left.
    pub(crate) fn left(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().filter_map(|listener| listener.local_addr().ok())
    }
}

/// A listening TCP socket of ours, if this is one; any other descriptor stays as it is.
fn listener(number: RawFd) -> Option<TcpListener> {
    let is_open = super::exec::is_open(number);
    // SAFETY: it is open, which was just asked, and nobody else owns it: who started this process has opened it for whoever reads
    // `LISTEN_PID`, which names this process, and this is asked once.
    let fd = is_open.then(|| unsafe { OwnedFd::from_raw_fd(number) })?;
    let as_it_should_be = |fd: &OwnedFd| -> io::Result<bool> {
        super::exec::keep_to_this_program(fd)?;
        Ok(getsockopt(fd, sockopt::AcceptConn)?)
    };
    match as_it_should_be(&fd) {
        Ok(true) => {}
        _ => {
            core::mem::forget(fd);
            return None;
        }
    }
    let listener = TcpListener::from(fd);
    match listener.local_addr().and_then(|_| listener.set_nonblocking(true)) {
        Ok(()) => Some(listener),
        Err(_) => {
            core::mem::forget(listener);
            None
        }
    }
}
