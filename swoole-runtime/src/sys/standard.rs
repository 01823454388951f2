//! A socket through which processes print to one that collects it: the kernel says of each piece which process wrote it. Used by the log, where
//! that is a file; the writing end is standard output and standard error of every process but the master.
//!
//! If a writer dies here: what it has written is there. If the collector dies, writing is an error.

use super::exec::keep_to_this_program;
use nix::{
    cmsg_space,
    errno::Errno,
    sys::socket::{
        AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixCredentials, recvmsg, setsockopt, socketpair, sockopt,
    },
    unistd::{dup, dup2_stderr, dup2_stdin, dup2_stdout, write},
};
#[cfg(feature = "cli")]
use std::process::Stdio;
use std::{
    fs::{File, OpenOptions},
    io::{self, IoSliceMut},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
};

/// The end that collects.
pub(crate) struct Collecting(OwnedFd);

/// Makes both ends; the second is written to.
pub(crate) fn pair() -> io::Result<(Collecting, OwnedFd)> {
    let (collecting, writing) = socketpair(AddressFamily::Unix, SockType::Stream, None, SockFlag::SOCK_CLOEXEC)?;
    setsockopt(&collecting, sockopt::PassCred, &true)?;
    Ok((Collecting(collecting), writing))
}

impl Collecting {
    /// Waits for the next piece, and gives it with the pid of its writer; `None` when there is no writer any more. Pieces of several writers are never one.
    pub(crate) fn next<'a>(&self, space: &'a mut [u8]) -> Option<(u32, &'a [u8])> {
        let mut control = cmsg_space!(UnixCredentials);
        let (length, pid) = loop {
            let mut parts = [IoSliceMut::new(space)];
            match recvmsg::<()>(self.0.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty()) {
                Ok(got) => {
                    let pid = got.cmsgs().ok()?.find_map(|message| match message {
                        ControlMessageOwned::ScmCredentials(writer) => Some(writer.pid().cast_unsigned()),
                        _ => None,
                    });
                    break (got.bytes, pid.unwrap_or(0));
                }
                Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        };
        (length > 0).then(|| (pid, &space[..length]))
    }
}

impl AsRawFd for Collecting {
    fn as_raw_fd(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

/// What standard output and standard error were.
pub(crate) struct Standard(OwnedFd, OwnedFd);

impl Standard {
    pub(crate) fn now() -> io::Result<Self> {
        let before = Self(dup(io::stdout())?, dup(io::stderr())?);
        keep_to_this_program(&before.0)?;
        keep_to_this_program(&before.1)?;
        Ok(before)
    }

    /// For whoever wants to hand them on.
    #[cfg(feature = "cli")]
    pub(crate) fn copies(&self) -> io::Result<Self> {
        Ok(Self(self.0.try_clone()?, self.1.try_clone()?))
    }

    /// Those of a program that this process starts.
    #[cfg(feature = "cli")]
    pub(crate) fn of_a_child(&self) -> io::Result<(Stdio, Stdio)> {
        let Self(out, err) = self.copies()?;
        Ok((out.into(), err.into()))
    }

    pub(crate) fn give_back(&self) -> io::Result<()> {
        dup2_stdout(&self.0)?;
        Ok(dup2_stderr(&self.1)?)
    }
}

/// Makes this standard output and standard error, in one step each.
pub(crate) fn print_to(fd: impl AsFd) -> io::Result<()> {
    dup2_stdout(&fd)?;
    Ok(dup2_stderr(&fd)?)
}

/// A file to be added to.
pub(crate) fn open_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Nothing to read, and nobody who reads: whoever waits for the end of what a command prints does not wait for what goes on behind it.
pub(crate) fn leave_terminal() -> io::Result<()> {
    let nothing = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    print_to(&nothing)
}

/// Writes all of it to standard error, whatever else this process prints.
pub(crate) fn add(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(io::stderr(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}
