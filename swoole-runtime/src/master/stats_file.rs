//! `stats_file`: the counters once a second, for whoever has no connection to ask by.
//!
//! Runs in: the master. If it dies here: the last whole file stays, or one beside it that no reader takes for it; the next server replaces
//! both.

use crate::{
    context::{Stats, WorkerStats},
    layout::Memory,
    logging,
    sys::clock,
};
use core::{
    fmt::{self, Write},
    time::Duration,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

/// How often it is written, in ms.
const EVERY_MS: u64 = 1000;

/// The file. Dropped, it is removed.
pub(super) struct StatsFile {
    path: PathBuf,
    /// Where it is written before it takes its place.
    beside: PathBuf,
    is_json: bool,
    due_ms: u64,
    /// What was said already.
    failed: bool,
}

enum Value {
    Number(u64),
    Text(String),
    Nothing,
}

impl StatsFile {
    /// Writes it for the first time.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn create(path: &str, memory: &'static Memory) -> io::Result<Self> {
        let path = Path::new(path);
        let file = Self {
            path: path.to_owned(),
            beside: PathBuf::from(format!("{}.new", path.display())),
            is_json: path.extension().is_some_and(|ending| ending == "json"),
            due_ms: clock::uptime_ms() + EVERY_MS,
            failed: false,
        };
        file.write(memory)?;
        Ok(file)
    }

    /// Writes it anew when it is time.
    pub(super) fn follow(&mut self, memory: &'static Memory) {
        let now = clock::uptime_ms();
        if now < self.due_ms {
            return;
        }
        self.due_ms = now + EVERY_MS;
        match self.write(memory) {
            Ok(()) => self.failed = false,
            Err(e) if !self.failed => {
                logging::warn!("the file {} of `stats_file` cannot be written, and is tried again: {e}", self.path.display());
                self.failed = true;
            }
            Err(_) => {}
        }
    }

    /// When it must be looked at again.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.due_ms.saturating_sub(clock::uptime_ms()))
    }

    fn write(&self, memory: &'static Memory) -> io::Result<()> {
        let stats = Stats::read(memory);
        let text = if self.is_json { as_json(&stats) } else { as_lines(&stats) };
        let written = fs::write(&self.beside, text).and_then(|()| fs::rename(&self.beside, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&self.beside);
        }
        written
    }
}

impl Drop for StatsFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            // Names of states and of processes, which have nothing in them that JSON writes in another way.
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Nothing => f.write_str("null"),
        }
    }
}

fn of_server(stats: &Stats) -> Vec<(&'static str, Value)> {
    let requests = stats.workers.iter().map(|worker| worker.requests).sum();
    let start_time = stats.start_time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    [
        ("start_time", start_time),
        ("connection_num", stats.connection_num),
        ("accept_count", stats.accept_count),
        ("close_count", stats.close_count),
        ("refused_count", stats.refused_count),
        ("violation_count", stats.violation_count),
        ("discarded_count", stats.discarded_count),
        ("accept_failed_count", stats.accept_failed_count),
        ("packet_count", stats.packet_count),
        ("packet_lost_count", stats.packet_lost_count),
        ("request_count", requests),
        ("task_count", stats.task_count),
        ("tasking_num", stats.tasking_num),
        ("is_leaving", stats.is_leaving.into()),
    ]
    .map(|(name, number)| (name, Value::Number(number)))
    .into()
}

fn of_process(process: &WorkerStats) -> Vec<(&'static str, Value)> {
    let or_nothing = |number: Option<u64>| number.map_or(Value::Nothing, Value::Number);
    let name = process.name.map(|name| ("name", Value::Text(name.to_owned())));
    let rest = [
        ("id", Value::Number(process.id.get().into())),
        ("state", Value::Text(format!("{:?}", process.state).to_lowercase())),
        ("pid", or_nothing(process.pid.map(u64::from))),
        ("generation", Value::Number(process.generation.into())),
        ("requests", Value::Number(process.requests)),
        ("tasks", Value::Number(process.tasks)),
        ("tasks_died", Value::Number(process.tasks_died)),
        ("restarts", Value::Number(process.restarts.into())),
        ("rss", or_nothing(process.rss)),
    ];
    name.into_iter().chain(rest).collect()
}

fn groups(stats: &Stats) -> [(&'static str, &[WorkerStats]); 3] {
    [("worker", &stats.workers), ("task_worker", &stats.task_workers), ("user_process", &stats.user_processes)]
}

/// `connection_num: 2`, and `worker 0 requests: 7`.
fn as_lines(stats: &Stats) -> String {
    let mut text = String::new();
    // Writing into a string cannot fail, here and below.
    for (name, value) in of_server(stats) {
        let _ = writeln!(text, "{name}: {value}");
    }
    for (group, processes) in groups(stats) {
        for process in processes {
            for (name, value) in of_process(process) {
                let _ = writeln!(text, "{group} {} {name}: {value}", process.id);
            }
        }
    }
    text
}

fn as_json(stats: &Stats) -> String {
    let object = |values: Vec<(&str, Value)>| {
        let members: Vec<String> = values.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        members.join(",")
    };
    let mut text = format!("{{{}", object(of_server(stats)));
    for (group, processes) in groups(stats) {
        let all: Vec<String> = processes.iter().map(|process| format!("{{{}}}", object(of_process(process)))).collect();
        let _ = write!(text, ",\"{group}s\":[{}]", all.join(","));
    }
    text + "}\n"
}
