//! What tests of user processes share: those of the server `companion`, and what its journal has of them.

use crate::{Client, Entry, Server, tree, watch};

/// The processes of a companion: two workers, a task worker, and behind them two user processes.
pub const PROCESSES: usize = 5;
/// The user process that does what messages say.
pub const HELPER: u64 = 3;
/// The user process that greets every session and waits.
pub const CLOCK: u64 = 4;

/// What is noted of each of its generations.
#[must_use]
pub fn begins(server: &Server, id: u64) -> Vec<Entry> {
    server.journal.of("process").into_iter().filter(|entry| entry.number("id") == id).collect()
}

/// Its process of now.
pub fn process(server: &Server, id: u64) -> u32 {
    watch::find("a live user process", || {
        let pid = begins(server, id).last()?.number("pid") as u32;
        tree::lives(pid).then_some(pid)
    })
}

/// Waits until this generation of it has begun; its process.
pub fn wait_for_generation(server: &Server, id: u64, generation: u64) -> u32 {
    watch::find("the generation", || {
        let begin = begins(server, id).into_iter().find(|entry| entry.number("generation") == generation)?;
        Some(begin.number("pid") as u32)
    })
}

/// A client that is through with what greets it.
pub fn connect_to_worker(server: &Server, worker: u64) -> Client {
    process(server, HELPER);
    process(server, CLOCK);
    server.connect_to_worker(worker)
}

/// What the manager was told of the end of this process.
#[must_use]
pub fn errors(server: &Server, pid: u32) -> Vec<Entry> {
    server.journal.of("on_worker_error").into_iter().filter(|entry| entry.number("pid") == u64::from(pid)).collect()
}
