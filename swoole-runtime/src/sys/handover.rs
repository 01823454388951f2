//! The line between a master and the one that is to take its place: whole messages, descriptors with them; and how that one is started.
//! Used by both.
//!
//! If a process dies here: the other one hears the end of the line behind all that was said on it.

use super::{exec, pidfd::PidFd, standard::Standard};
use core::time::Duration;
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, FdFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{
        AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, getsockopt, recvmsg, sendmsg, setsockopt,
        socketpair, sockopt,
    },
    unistd::{Pid, getppid},
};
use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, IoSlice, IoSliceMut, Seek},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

/// The variable that names the line: the process that has started this one, and the number of the descriptor.
const UPDATE: &str = "SWOOLE_UPDATE";

/// What systemd says to one process, which its successor is not. `WATCHDOG_USEC` without the pid is for whoever is the main process.
const NOT_ITS_OWN: [&str; 4] = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"];

/// How many descriptors one message carries: the kernel takes 253.
pub(crate) const MOST: usize = 250;

/// How long a message may be.
const LONGEST: usize = 64 << 10;

/// How long who waits for the other side sleeps at most before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// One end.
pub(crate) struct Line(OwnedFd);

/// What came.
pub(crate) struct Message {
    pub(crate) kind: u8,
    pub(crate) bytes: Vec<u8>,
    pub(crate) descriptors: Vec<OwnedFd>,
}

/// Starts this program with the arguments of this process, and one end of a line; the other end, and the process.
pub(crate) fn start(program: &Path, prints_to: Option<&Standard>) -> io::Result<(Line, PidFd, u32)> {
    let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK)?;
    // A few messages of descriptors find room beside a large one.
    setsockopt(&ours, sockopt::SndBuf, &(4 * LONGEST))?;
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).env(UPDATE, format!("{}:{}", std::process::id(), theirs.as_raw_fd()));
    for name in NOT_ITS_OWN {
        command.env_remove(name);
    }
    if let Some(prints_to) = prints_to {
        let (out, err) = prints_to.of_a_child()?;
        command.stdout(out).stderr(err);
    }
    // No other thread of a master starts programs.
    fcntl(&theirs, FcntlArg::F_SETFD(FdFlag::empty()))?;
    let child = command.spawn()?;
    // Nobody has reaped it: the thread that does is this one.
    let watched = PidFd::open(Pid::from_raw(child.id().cast_signed()))?;
    Ok((Line(ours), watched, child.id()))
}

/// The line that this process was started with, if it is to take the place of the one that has started it. The second time there is none.
///
/// # Errors
/// Where that one has ended meanwhile: this process is to be no server of its own.
pub(crate) fn inherited() -> io::Result<Option<Line>> {
    static IS_TAKEN: AtomicBool = AtomicBool::new(false);
    let value = std::env::var(UPDATE).unwrap_or_default();
    let numbers = value.split_once(':').and_then(|(parent, number)| Some((parent.parse::<i32>().ok()?, number.parse::<RawFd>().ok()?)));
    let Some((parent, number)) = numbers.filter(|&(_, number)| exec::is_open(number)) else { return Ok(None) };
    // Relaxed: starts come one after the other.
    if IS_TAKEN.swap(true, Ordering::Relaxed) {
        return Ok(None);
    }
    if getppid().as_raw() != parent {
        // SAFETY: it is open, which was just asked, and is only looked at, for the time of the call.
        let other = unsafe { BorrowedFd::borrow_raw(number) };
        return match getsockopt(&other, sockopt::SockType) {
            Ok(SockType::SeqPacket) => Err(io::Error::other("it has ended")),
            // What a command finds that a server has started: the number is another's.
            _ => Ok(None),
        };
    }
    // SAFETY: it is open, which was just asked. Nobody else owns it: the process that has started this one, which the variable names, has left
    // it for this function alone, and it is taken once.
    let line = unsafe { OwnedFd::from_raw_fd(number) };
    exec::keep_to_this_program(&line)?;
    Ok(Some(Line(line)))
}

impl Line {
    /// Sends a message; the other side gets copies of the descriptors. Waits for room, but not longer than this.
    pub(crate) fn send(&self, kind: u8, bytes: &[u8], descriptors: &[BorrowedFd<'_>], patience: Duration) -> io::Result<()> {
        let numbers: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
        let control = [ControlMessage::ScmRights(&numbers)];
        let control = if numbers.is_empty() { &[][..] } else { &control[..] };
        let start = Instant::now();
        loop {
            match sendmsg::<()>(self.0.as_raw_fd(), &[IoSlice::new(&[kind]), IoSlice::new(bytes)], control, MsgFlags::MSG_NOSIGNAL, None) {
                Ok(_) => return Ok(()),
                Err(Errno::EINTR) => {}
                // So many descriptors are on their way, or bytes.
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ETOOMANYREFS) if start.elapsed() < patience => {
                    self.wait(PollFlags::POLLOUT, LOOK_AGAIN);
                    if self.is_cut() {
                        return Err(ErrorKind::BrokenPipe.into());
                    }
                }
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// The next message; `None` where none has come by then.
    ///
    /// # Errors
    /// `UnexpectedEof` where the other side has ended and all that it has said was heard.
    pub(crate) fn receive(&self, patience: Duration) -> io::Result<Option<Message>> {
        self.wait(PollFlags::POLLIN, patience);
        let mut bytes = vec![0; 1 + LONGEST];
        let mut control = nix::cmsg_space!([RawFd; MOST]);
        let (length, descriptors) = loop {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            match recvmsg::<()>(self.0.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_CMSG_CLOEXEC) {
                Ok(got) => break (got.bytes, got.cmsgs()?.flat_map(owned).collect()),
                // Said once where the other side has ended over something that it had not heard: behind it comes what it has said.
                Err(Errno::EINTR | Errno::ECONNRESET) => {}
                Err(Errno::EAGAIN) => return Ok(None),
                Err(errno) => return Err(errno.into()),
            }
        };
        let Some(rest) = length.checked_sub(1) else { return Err(ErrorKind::UnexpectedEof.into()) };
        bytes.truncate(length);
        let kind = bytes.remove(0);
        bytes.truncate(rest);
        Ok(Some(Message { kind, bytes, descriptors }))
    }

    /// Whether the other side has ended.
    fn is_cut(&self) -> bool {
        let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::empty())];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..)) && fds[0].revents().is_some_and(|now| now.contains(PollFlags::POLLHUP))
    }

    fn wait(&self, until: PollFlags, at_most: Duration) {
        let mut fds = [PollFd::new(self.0.as_fd(), until)];
        let _ = poll(&mut fds, PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX));
    }
}

/// The descriptors that came along.
fn owned(message: ControlMessageOwned) -> Vec<OwnedFd> {
    match message {
        // SAFETY: nobody else owns these descriptors; the kernel made them for the message that was just received.
        ControlMessageOwned::ScmRights(all) => all.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }).collect(),
        _ => Vec::new(),
    }
}

/// A piece of memory to write into, to be passed on.
pub(crate) fn note() -> io::Result<OwnedFd> {
    exec::note()
}

/// What was written there.
pub(crate) fn reader(note: OwnedFd) -> io::Result<BufReader<File>> {
    let mut file = File::from(note);
    file.rewind()?;
    Ok(BufReader::new(file))
}
