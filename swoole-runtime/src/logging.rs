//! The log: one line an event on standard error or in a file, with the process it comes from. Through the `log` crate, so that a program
//! that has a logger of its own keeps it.

mod file;

pub(crate) use file::{LogFile, nobody_collects, prints_to_master, reopen};

use crate::sys::{stderr, title};
use core::{
    fmt,
    sync::atomic::{AtomicU32, Ordering},
};
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::{sync::OnceLock, time::SystemTime};

/// Who is logging.
#[derive(Clone, Copy)]
pub(crate) enum Speaker {
    Master,
    Manager,
    Standby,
    Worker(u16),
    TaskWorker(u16),
    /// By its name.
    UserProcess(&'static str),
}

/// 0 master, 1 manager, 2 standby, 3 + n worker n, the same and `TASK_WORKER` task worker n. Of this process alone: Relaxed, it is set when the process has one thread.
static SPEAKER: AtomicU32 = AtomicU32::new(0);

/// What marks the number of a task worker.
const TASK_WORKER: u32 = 1 << 16;

/// What stands for a user process, which has a name.
const USER_PROCESS: u32 = u32::MAX;

/// The name of this process, where it is a user process.
static NAME: OnceLock<&str> = OnceLock::new();

/// How many lines of this process could not be written. Relaxed: a count.
static LOST: AtomicU32 = AtomicU32::new(0);

/// What stands before a line that is whole already, for whoever collects lines.
const MARK: u8 = 1;

/// From here on the lines of this process are marked so, and lists of processes call it so.
pub(crate) fn speak_as(speaker: Speaker) {
    match speaker {
        Speaker::Master => title::set("master", None),
        Speaker::Manager => title::set("manager", None),
        Speaker::Standby => title::set("standby", None),
        Speaker::Worker(slot) => title::set("worker", Some(slot.into())),
        Speaker::TaskWorker(slot) => title::set("task worker", Some(slot.into())),
        Speaker::UserProcess(name) => title::set_named("process", name),
    }
    let word = match speaker {
        Speaker::Master => 0,
        Speaker::Manager => 1,
        Speaker::Standby => 2,
        Speaker::Worker(slot) => 3 + u32::from(slot),
        Speaker::TaskWorker(slot) => TASK_WORKER + 3 + u32::from(slot),
        Speaker::UserProcess(name) => {
            let _ = NAME.set(name);
            USER_PROCESS
        }
    };
    SPEAKER.store(word, Ordering::Relaxed);
}

/// Logs to standard error what is at least as grave as `level`, unless the program has set a logger itself.
pub(crate) fn start(level: LevelFilter) {
    speak_as(Speaker::Master);
    if log::set_logger(&ToStandardError).is_ok() || OURS.load(Ordering::Relaxed) == 1 {
        OURS.store(1, Ordering::Relaxed);
        log::set_max_level(level);
    }
}

/// Whether the logger is ours: 1 after the first start. Relaxed: starts come one after the other.
static OURS: AtomicU32 = AtomicU32::new(0);

/// One line, for whatever logger the program has. What the macros of `log` put at every place that logs (the test of the level, module,
/// file and line) stands here once.
#[cold]
#[inline(never)]
pub(crate) fn line(level: Level, line: fmt::Arguments<'_>) {
    if level <= log::STATIC_MAX_LEVEL && level <= log::max_level() {
        log::logger().log(&Record::builder().level(level).target("swoole").args(line).build());
    }
}

macro_rules! error {
    ($($line:tt)+) => { $crate::logging::line(log::Level::Error, format_args!($($line)+)) };
}
macro_rules! warning {
    ($($line:tt)+) => { $crate::logging::line(log::Level::Warn, format_args!($($line)+)) };
}
macro_rules! info {
    ($($line:tt)+) => { $crate::logging::line(log::Level::Info, format_args!($($line)+)) };
}
macro_rules! debug {
    ($($line:tt)+) => { $crate::logging::line(log::Level::Debug, format_args!($($line)+)) };
}
// `warn` is an attribute, too.
pub(crate) use {debug, error, info, warning as warn};

struct ToStandardError;

impl Log for ToStandardError {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // What the libraries below say of their sockets is theirs.
        !metadata.target().starts_with("mio")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            Level::Error => "ERROR",
            Level::Warn => "WARN ",
            Level::Info => "INFO ",
            Level::Debug => "DEBUG",
            Level::Trace => "TRACE",
        };
        let who = match SPEAKER.load(Ordering::Relaxed) {
            0 => "master".to_owned(),
            1 => "manager".to_owned(),
            2 => "standby".to_owned(),
            USER_PROCESS => format!("user process {}", NAME.get().unwrap_or(&"")),
            task_worker @ TASK_WORKER.. => format!("task worker {}", task_worker - TASK_WORKER - 3),
            worker => format!("worker {}", worker - 3),
        };
        let mark = if file::is_collected() { "\u{1}" } else { "" };
        // Nobody waits for whoever reads the log: what cannot be written at once is counted, and said with the next line that can.
        let lost = LOST.load(Ordering::Relaxed);
        let pid = std::process::id();
        let mut line = format!("{mark}{}{}\n", stamp(level, &who, pid), record.args());
        if lost > 0 {
            line = format!("{mark}{}{lost} lines of the log are lost: nobody read them\n{line}", stamp("WARN ", &who, pid));
        }
        if stderr::write_line(&line) {
            LOST.fetch_sub(lost, Ordering::Relaxed);
        } else {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn flush(&self) {}
}

/// What stands before what is said.
fn stamp(level: &str, who: &str, pid: u32) -> String {
    format!("{} {level} [{who} {pid}] ", humantime::format_rfc3339_millis(SystemTime::now()))
}
