//! Standard error, without ever waiting for whoever reads it.

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    io::{self, Write},
    os::fd::AsFd,
};

/// Writes a line, in one call, if it can be written at once; says whether it was. A pipe that says it takes something takes 4096 bytes.
pub(crate) fn write_line(line: &str) -> bool {
    let stderr = io::stderr();
    let writable = {
        let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(n) if n > 0)
    };
    writable && (&stderr).write_all(line.as_bytes()).is_ok()
}
