//! Limits the kernel puts on this process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::{io, io::Write};

/// Raises the soft limit of descriptors to the hard one and says what it is then.
pub(crate) fn descriptors() -> io::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return Ok(hard);
    }
    Ok(soft)
}

/// When memory runs out, the kernel ends this process before the one that holds the sockets.
pub(crate) fn first_to_go() {
    // It can only be raised without privileges, and where /proc is hidden there is nothing to do about it.
    let _ = std::fs::OpenOptions::new().write(true).open("/proc/self/oom_score_adj").and_then(|mut file| file.write_all(b"300"));
}

/// How many CPUs this process may use.
pub(crate) fn cpus() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX))
}

/// How much memory a process has in use, in bytes.
pub(crate) fn resident(pid: u32) -> Option<u64> {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * super::memory::PAGE as u64)
}
