//! The processes of one server, found through `/proc`: by a mark in their environment, which every fork inherits, so that orphans are
//! found too, whoever has adopted them.

use crate::watch;
use nix::{
    errno::Errno,
    libc,
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{fs, io};

/// The variable that carries the mark.
pub const MARK: &str = "SYSTEM_TEST_TREE";

/// One process that has not ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// The letter that `/proc/…/stat` has for its state.
    pub state: char,
}

/// Every live process with this mark.
#[must_use]
pub fn members(mark: &str) -> Vec<Process> {
    let wanted = format!("{MARK}={mark}");
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .filter_map(look)
        .filter(|process| process.state != 'Z' && process.state != 'X')
        .collect()
}

/// What `/proc` says of this process; a dead one that nobody has reaped has the state `Z`.
#[must_use]
pub fn look(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold anything.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace();
    let state = words.next()?.chars().next()?;
    Some(Process { pid, parent: words.next()?.parse().ok()?, state })
}

/// The dead children of this process that it has not reaped.
#[must_use]
pub fn unreaped_children(parent: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| look(entry.file_name().to_str()?.parse().ok()?))
        .filter(|process| process.parent == parent && process.state == 'Z')
        .map(|process| process.pid)
        .collect()
}

/// Whether this process runs, sleeps or is stopped.
#[must_use]
pub fn lives(pid: u32) -> bool {
    look(pid).is_some_and(|process| process.state != 'Z' && process.state != 'X')
}

/// How often the threads of this process have given up a processor, while all of them sleep; `None` while one does not.
#[must_use]
pub fn switches(pid: u32) -> Option<u64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let of = |thread: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/task/{thread}/status")).ok()?;
        let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let count = |name: &str| value(name)?.parse::<u64>().ok();
        value("State:")?.starts_with('S').then_some(())?;
        Some(count("voluntary_ctxt_switches:")? + count("nonvoluntary_ctxt_switches:")?)
    };
    threads.map(|thread| of(thread.ok()?.file_name().to_str()?)).sum()
}

/// Sends a signal; a process that has ended already is no error.
///
/// # Panics
/// When this process may not.
pub fn signal(pid: u32, signal: Signal) {
    match kill(Pid::from_raw(pid.cast_signed()), signal) {
        Ok(()) | Err(nix::errno::Errno::ESRCH) => {}
        Err(errno) => panic!("{signal} to {pid}: {}", io::Error::from(errno)),
    }
}

/// Stops a process, and waits until it stands still with all its threads.
///
/// # Panics
/// When it has ended, or does not stop.
pub fn stop(pid: u32) {
    signal(pid, Signal::SIGSTOP);
    watch::until("the process stands still", || {
        // A thread has its own state, which `/proc` tells as if it were a process.
        let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it lives");
        let mut threads = threads.filter_map(|thread| look(thread.ok()?.file_name().to_str()?.parse().ok()?));
        threads.all(|thread| thread.state == 'T')
    });
}

/// The words of a line of `/proc/…/status`.
///
/// # Panics
/// When the process has ended.
#[must_use]
pub fn status(pid: u32, name: &str) -> Vec<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("every process has it");
    line.split_whitespace().map(str::to_owned).collect()
}

/// Sets the descriptor limit of a process, and says what it was.
///
/// # Panics
/// When it has ended, or is another user's.
#[allow(unsafe_code, reason = "no crate here sets a limit of another process")]
pub fn limit_descriptors(pid: u32, new: Option<u64>) -> u64 {
    let mut old = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the place lives through the call; no new limit is given.
    let asked = unsafe { libc::prlimit(pid.cast_signed(), libc::RLIMIT_NOFILE, std::ptr::null(), &raw mut old) };
    assert_eq!(asked, 0, "{}", Errno::last());
    if let Some(new) = new {
        let new = libc::rlimit { rlim_cur: new, ..old };
        // SAFETY: the place lives through the call; the old limit is not asked for.
        let set = unsafe { libc::prlimit(pid.cast_signed(), libc::RLIMIT_NOFILE, &raw const new, std::ptr::null_mut()) };
        assert_eq!(set, 0, "{}", Errno::last());
    }
    old.rlim_cur
}
