//! What the control socket says of the server: rows of `name=value`, `-` where there is none. All of it is read from shared memory, so it is
//! said however stuck the others are.

use crate::{
    context::SessionInfo,
    event::State,
    layout::{Current, Memory},
    process::{Group, Lifecycle, Order},
    sync::Ordering,
    sys::clock,
};
use core::fmt::{self, Display, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many sessions one answer has at most, and how many rows of the table are looked at for it.
const PAGE: usize = 256;
const LOOKED_AT: usize = 8192;

/// A value that may be missing.
struct Maybe<T>(Option<T>);

impl<T: Display> Display for Maybe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// The server, then a row for each of its workers, task workers and user processes.
pub(super) fn status(memory: &'static Memory) -> String {
    let mut rows = String::new();
    let [mut ready, mut draining, mut failed] = [0; 3];
    for slot in 0..memory.settings.slots() {
        let state = process(memory, slot, &mut rows);
        match state {
            "ready" | "replacing" => ready += 1,
            "draining" => draining += 1,
            "failed" => failed += 1,
            _ => {}
        }
    }
    let header = memory.header();
    // Relaxed, all of them: counts for people.
    let count = |counter: &crate::sync::AtomicU64| counter.load(Ordering::Relaxed);
    let started = count(&header.started_ms);
    let jobs: u64 = memory.slots_of(Group::Workers).map(|slot| count(&memory.worker(slot).jobs)).sum();
    let server = format!(
        "server pid={} manager={} phase={} started_ms={started} uptime_ms={} layout={:016x} wanted={} ready={ready} draining={draining} \
         failed={failed} sessions={} accepted={} closed={} refused={} violations={} tasks={jobs} tasks_under_way={}\n",
        header.master_pid.load(Ordering::Relaxed),
        memory.manager().pid.load(Ordering::Relaxed),
        phase(header.lifecycle()),
        clock::unix_ms().saturating_sub(started),
        header.layout(),
        memory.settings.slots(),
        header.connections(),
        count(&header.accepted),
        count(&header.closed),
        count(&header.refused),
        count(&header.violations),
        memory.jobs_under_way(),
    );
    server + &rows
}

fn phase(lifecycle: Lifecycle) -> &'static str {
    match lifecycle {
        Lifecycle::Starting => "starting",
        Lifecycle::Running => "running",
        Lifecycle::Leaving => "leaving",
        Lifecycle::Finishing => "finishing",
        Lifecycle::Draining => "draining",
        Lifecycle::Stopping => "stopping",
    }
}

/// A row for the process in this slot; its state.
fn process(memory: &'static Memory, slot: usize, rows: &mut String) -> &'static str {
    let (board, its) = (memory.worker(slot), memory.slot(slot));
    let (claim, successor) = (its.owner.read(), its.successor.read());
    let wait = its.fork_at_ms().saturating_sub(clock::uptime_ms());
    let state = match (claim.pid, board.state()) {
        (None, _) if wait > 0 => "failed",
        (None, _) => "empty",
        (_, State::Starting) => "starting",
        _ if its.order(claim.generation) == Order::Stop => "draining",
        (_, State::Stopping) => "draining",
        (pid, State::Ready) if successor.pid.is_some() && successor.pid != pid => "replacing",
        (_, State::Ready) => "ready",
    };
    let lives = claim.pid.is_some();
    let current = if lives { memory.current(slot) } else { None };
    let name = memory.name_of_user_process(slot).map(|name| format!(" name={name}")).unwrap_or_default();
    let begun = board.started_ms.load(Ordering::Relaxed);
    // Relaxed, as what follows: for people. Writing into a string cannot fail.
    let _ = writeln!(
        rows,
        "{} id={slot}{name} state={state} pid={} generation={} age_ms={} requests={} tasks={} restarts={} callback={} session={} callback_ms={} \
         retry_ms={}",
        match memory.group(slot) {
            Group::Workers => "worker",
            Group::TaskWorkers => "task_worker",
            Group::UserProcesses => "user_process",
        },
        Maybe(claim.pid),
        claim.generation,
        Maybe(lives.then(|| clock::unix_ms().saturating_sub(begun))),
        board.requests.load(Ordering::Relaxed),
        board.jobs.load(Ordering::Relaxed),
        its.restarts.load(Ordering::Relaxed),
        Maybe(current.map(|Current { callback, .. }| callback)),
        Maybe(current.and_then(|Current { session, .. }| session)),
        Maybe(current.map(|Current { age, .. }| age.as_millis() as u64)),
        Maybe((state == "failed").then_some(wait)),
    );
    state
}

/// Sessions of the rows from this one on, and from which row the next page goes on.
pub(super) fn connections(memory: &'static Memory, from: usize) -> String {
    let (table, mut rows) = (memory.sessions(), String::new());
    let end = from.saturating_add(LOOKED_AT).min(table.rows());
    let (mut at, mut found) = (from, 0);
    // Relaxed: set at the start. The time of day as sessions count it.
    let now = memory.header().booted_ms.load(Ordering::Relaxed) + clock::uptime_ms();
    while at < end && found < PAGE {
        if let Some(info) = table.at(at).and_then(|row| SessionInfo::of(memory, row.id)) {
            found += 1;
            session(&info, now, &mut rows);
        }
        at += 1;
    }
    let _ = writeln!(rows, "page next={}", Maybe((at < table.rows()).then_some(at)));
    rows
}

fn session(info: &SessionInfo, now: u64, rows: &mut String) {
    let since = |time: SystemTime| now.saturating_sub(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64));
    // Writing into a string cannot fail.
    let _ = writeln!(
        rows,
        "session id={} remote={} worker={} reactor={} listener={} listener_port={} age_ms={} received_ms={} sent_ms={} bytes_in={} bytes_out={} queued={} \
         closing={}",
        info.id,
        info.remote,
        info.worker,
        info.reactor,
        info.listener_name,
        info.listener_port,
        since(info.connected),
        Maybe(info.last_received.map(since)),
        Maybe(info.last_sent.map(since)),
        info.bytes_in,
        info.bytes_out,
        info.queued,
        Maybe(info.closing),
    );
}
