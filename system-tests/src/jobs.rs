//! What tests of jobs share: the processes of a tasker, and what became of a job, as its journal has it.

use crate::{Entry, Server, tree, watch};
use nix::sys::signal::Signal;
use std::collections::HashSet;

/// The processes of a tasker: two workers, and two task workers behind them.
pub const PROCESSES: usize = 4;
const FIRST_TASK_WORKER: u64 = 2;

/// Milliseconds, more than the watchdog lets any test take: who waits so long in a call waits in vain.
pub const NEVER: u32 = 60_000;

/// The process of this task worker of now.
#[must_use]
pub fn task_worker(server: &Server, number: u64) -> u32 {
    server.worker(FIRST_TASK_WORKER + number)
}

/// Stops both task workers.
#[must_use]
pub fn stop_task_workers(server: &Server) -> [u32; 2] {
    [0, 1].map(|number| {
        let pid = task_worker(server, number);
        tree::stop(pid);
        pid
    })
}

/// Has those who were stopped go on.
pub fn go_on(stopped: [u32; 2]) {
    stopped.into_iter().for_each(|pid| tree::signal(pid, Signal::SIGCONT));
}

/// Waits until this job has begun; who is at it.
pub fn begun(server: &Server, tag: u64) -> Entry {
    server.journal.wait("begun", |entry| entry.number("tag") == tag)
}

/// Waits until this job has come back to who asked.
pub fn finished(server: &Server, tag: u64) -> Entry {
    server.journal.wait("finished", |entry| entry.number("tag") == tag)
}

/// How many cells of each worker are free: with both task workers stopped, so many jobs can be queued, and no more.
///
/// # Panics
/// When a call blocks, or says something else than that there is no room.
#[must_use]
pub fn free_cells(server: &Server, tag: u64) -> [u64; 2] {
    let stopped = stop_task_workers(server);
    let counts = [0, 1].map(|worker| {
        let mut client = server.connect_to_worker(worker);
        let many = client.ask_fields(&format!("many 100000 {} echo 10", tag + worker * 10_000));
        assert_eq!(many.text("then"), "QueueFull");
        // Nothing blocks.
        assert_eq!(client.ask_fields("task 999999 echo 1").text("error"), "QueueFull");
        assert_eq!(client.ask_fields("with 999998 echo 1").text("error"), "QueueFull");
        assert_eq!(client.ask_fields(&format!("wait {NEVER} 999997 echo 1")).text("error"), "QueueFull");
        assert_eq!(client.ask(&format!("multi {NEVER} 999996 echo")), "QueueFull");
        client.is_served();
        many.number("count")
    });
    go_on(stopped);
    watch::until("what was queued is finished", || {
        let tags: HashSet<u64> = server.journal.of("finished").iter().map(|entry| entry.number("tag")).collect();
        (0..2).all(|worker| (0..counts[worker as usize]).all(|at| tags.contains(&(tag + worker * 10_000 + at))))
    });
    counts
}
