//! Counters of the server and of each worker, read from shared memory: they answer when every worker is stuck.

use crate::{
    event::{Callback, State},
    id::{SessionId, WorkerId},
    layout::Memory,
    process::{Group, Lifecycle, ReactorBoard},
    sync::{AtomicU64, Ordering},
};
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

/// The server's counters; what the original calls `stats`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stats {
    /// When the server started.
    pub start_time: SystemTime,
    /// Sessions that are open or closing; the original's `connection_num`.
    pub connection_num: u64,
    /// Sessions accepted since the start; the original's `accept_count`.
    pub accept_count: u64,
    /// Sessions that have ended since the start; the original's `close_count`.
    pub close_count: u64,
    /// Connections refused since the start, because `max_conn` sessions were there.
    pub refused_count: u64,
    /// Sessions closed since the start, because what they sent was no package of their listener's frame.
    pub violation_count: u64,
    /// Packages since the start that the dispatch function gave to nobody.
    pub discarded_count: u64,
    /// How often no connection could be accepted since the start, for want of descriptors or memory. Clients wait meanwhile, and it is tried
    /// again ten times a second.
    pub accept_failed_count: u64,
    /// Packets received since the start.
    pub packet_count: u64,
    /// Packets thrown away since the start: by the kernel, for want of room in the buffer of the socket, or because they had more than 64 KiB. The
    /// kernel tells of them with the next packet. Of a socket that was passed to the server, those before its start as well.
    pub packet_lost_count: u64,
    /// Jobs handed over since the start.
    pub task_count: u64,
    /// Jobs that wait for a task worker, or that one is at; the original's `tasking_num`.
    pub tasking_num: u64,
    /// Whether the server was told to shut down: who balances load need not send it more clients. Until `lame_duck` is over it serves them.
    pub is_leaving: bool,
    /// Each worker.
    pub workers: Vec<WorkerStats>,
    /// Each task worker. Of the jobs it has begun, as many are done or died as it is not at: `requests` = `tasks` + `tasks_died` + that one.
    pub task_workers: Vec<WorkerStats>,
    /// Each user process, in the order of the attribute.
    pub user_processes: Vec<WorkerStats>,
}

/// The counters of one worker, task worker or user process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerStats {
    /// Which worker.
    pub id: WorkerId,
    /// The name of a user process; `None` for a worker or a task worker.
    pub name: Option<&'static str>,
    /// Its process; `None` while the slot is empty.
    pub pid: Option<u32>,
    /// 1 for the first process of this slot, one more for each that replaced it.
    pub generation: u32,
    /// How far it is.
    pub state: State,
    /// How often `on_receive` was called in this slot, by all its generations; of a task worker, how many jobs were begun.
    pub requests: u64,
    /// How many jobs this slot has handed over; of a task worker, how many were done.
    pub tasks: u64,
    /// How many jobs a task worker of this slot has died in.
    pub tasks_died: u64,
    /// How many workers of this slot were replaced.
    pub restarts: u32,
    /// Memory in use by the process, in bytes; `None` where it cannot be read.
    pub rss: Option<u64>,
    /// The callback it is in, its session, and for how long; `None` while it is in none.
    pub current: Option<(Callback, Option<SessionId>, Duration)>,
}

impl Stats {
    pub(crate) fn read(memory: &'static Memory) -> Self {
        let header = memory.header();
        let of = |group| memory.slots_of(group).map(|slot| WorkerStats::read(memory, slot)).collect();
        // Relaxed, all of them: counts for people.
        let of_reactors = |count: fn(&ReactorBoard) -> &AtomicU64| {
            (0..memory.settings.reactors).map(|reactor| count(memory.reactor(reactor)).load(Ordering::Relaxed)).sum()
        };
        Self {
            start_time: UNIX_EPOCH + Duration::from_millis(header.started_ms.load(Ordering::Relaxed)),
            connection_num: header.connections(),
            accept_count: header.accepted.load(Ordering::Relaxed),
            close_count: header.closed.load(Ordering::Relaxed),
            refused_count: header.refused.load(Ordering::Relaxed),
            violation_count: header.violations.load(Ordering::Relaxed),
            discarded_count: header.discarded.load(Ordering::Relaxed),
            accept_failed_count: header.accept_failed.load(Ordering::Relaxed),
            packet_count: of_reactors(|board| &board.packets),
            packet_lost_count: of_reactors(|board| &board.packets_lost),
            task_count: memory.slots_of(Group::Workers).map(|slot| memory.worker(slot).jobs.load(Ordering::Relaxed)).sum(),
            tasking_num: memory.jobs_under_way(),
            is_leaving: header.lifecycle() >= Lifecycle::Leaving,
            workers: of(Group::Workers),
            task_workers: of(Group::TaskWorkers),
            user_processes: of(Group::UserProcesses),
        }
    }
}

impl WorkerStats {
    fn read(memory: &'static Memory, slot: usize) -> Self {
        let board = memory.worker(slot);
        let claim = memory.slot(slot).owner.read();
        Self {
            id: WorkerId::new(slot as u16),
            name: memory.name_of_user_process(slot),
            pid: claim.pid,
            generation: claim.generation,
            state: board.state(),
            // Relaxed: counts for people.
            requests: board.requests.load(Ordering::Relaxed),
            tasks: board.jobs.load(Ordering::Relaxed),
            tasks_died: memory.slot(slot).jobs_died.load(Ordering::Relaxed),
            restarts: memory.slot(slot).restarts.load(Ordering::Relaxed),
            rss: claim.pid.and_then(crate::sys::limits::resident),
            current: memory.current(slot).map(|current| (current.callback, current.session, current.age)),
        }
    }
}
