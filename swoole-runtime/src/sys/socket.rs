//! The two calls that every message takes, and the few that end a connection. None of them waits.

use core::ptr::NonNull;
use nix::{
    errno::Errno,
    sys::socket::{MsgFlags, Shutdown, recv, sendmsg, setsockopt, shutdown, sockopt},
};
use std::{
    fs::File,
    io::IoSlice,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
};

/// Receives into memory that other processes map.
///
/// # Safety
/// - `length` bytes from `start` are mapped and writable.
/// - No other process or thread reads or writes them during the call.
pub(crate) unsafe fn receive(fd: RawFd, start: NonNull<u8>, length: usize) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `length` bytes from `start`; the caller guarantees that they are ours.
    let got = unsafe { libc::recv(fd, start.as_ptr().cast(), length, libc::MSG_DONTWAIT) };
    Errno::result(got).map(isize::cast_unsigned)
}

/// Whether something has come that is not received yet, or the end.
pub(crate) fn has_unread(fd: RawFd) -> bool {
    recv(fd, &mut [0], MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_PEEK).is_ok()
}

/// Receives into memory of this process.
pub(crate) fn receive_into(fd: RawFd, to: &mut [u8]) -> Result<usize, Errno> {
    recv(fd, to, MsgFlags::MSG_DONTWAIT)
}

/// Sends from memory that other processes map.
///
/// # Safety
/// - `length` bytes from `start` are mapped.
pub(crate) unsafe fn send(fd: RawFd, start: NonNull<u8>, length: usize) -> Result<usize, Errno> {
    // SAFETY: the kernel reads at most `length` bytes from `start`, whatever they hold; the caller guarantees that they are mapped.
    let sent = unsafe { libc::send(fd, start.as_ptr().cast(), length, libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT) };
    Errno::result(sent).map(isize::cast_unsigned)
}

/// Sends from several places of this process, in order.
pub(crate) fn send_parts(fd: RawFd, parts: &[IoSlice<'_>]) -> Result<usize, Errno> {
    sendmsg::<()>(fd, parts, &[], MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT, None)
}

/// Sends from a file, whatever the reader's position in it, as much as the kernel takes; 0 where the file ends before.
pub(crate) fn send_file(fd: RawFd, file: &File, offset: u64, most: usize) -> Result<usize, Errno> {
    let mut offset = libc::off_t::try_from(offset).map_err(|_| Errno::EOVERFLOW)?;
    // SAFETY: the kernel reads and writes the one number behind the pointer, which is this function's own.
    let sent = unsafe { libc::sendfile(fd, file.as_raw_fd(), &raw mut offset, most) };
    Errno::result(sent).map(isize::cast_unsigned)
}

/// The connection of a session that goes elsewhere.
#[cfg(feature = "cli")]
pub(crate) fn take(fd: RawFd) -> OwnedFd {
    // SAFETY: this descriptor is open and has no other owner; its session's row named it, and the caller has taken it from there.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Ends a connection. Orderly: the FIN goes out first, since a descriptor that a forked child still holds would keep it back, and what
/// the client sent meanwhile is thrown away, since the kernel answers unread bytes with a reset that can overtake our last answer. With
/// `reset` the client is told that something was lost.
pub(crate) fn end(fd: RawFd, reset: bool) {
    // SAFETY: this descriptor is open and has no other owner; its session's row named it, and the caller has taken it from there.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    if reset {
        // A failure leaves an orderly end, which is all that can be had then.
        let _ = setsockopt(&socket, sockopt::Linger, &libc::linger { l_onoff: 1, l_linger: 0 });
        return;
    }
    let _ = shutdown(fd, Shutdown::Write);
    for _ in 0..UNREAD_ROUNDS {
        // SAFETY: with MSG_TRUNC on TCP the kernel discards the bytes and writes none, guaranteed by tcp(7); on another kind of socket it
        // cannot write to a null pointer and says EFAULT.
        let got = unsafe { libc::recv(fd, core::ptr::null_mut(), UNREAD_ROUND, libc::MSG_TRUNC | libc::MSG_DONTWAIT) };
        if got < 0 && Errno::last() == Errno::EFAULT {
            return throw_away(fd);
        }
        if got <= 0 {
            break;
        }
    }
}

/// What is unread on a unix socket, where nothing but a read discards it.
fn throw_away(fd: RawFd) {
    let mut away = [0; 4 << 10];
    for _ in 0..UNREAD_ROUNDS * UNREAD_ROUND / away.len() {
        if !matches!(recv(fd, &mut away, MsgFlags::MSG_DONTWAIT), Ok(1..)) {
            return;
        }
    }
}

/// How much unread input is thrown away at the end of a session, so that a client that never stops cannot hold the reactor.
const UNREAD_ROUND: usize = 1 << 20;
const UNREAD_ROUNDS: usize = 4;
