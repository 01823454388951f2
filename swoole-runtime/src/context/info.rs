//! What is known about sessions: one, a page of them, all.

use crate::{
    error::PageTooLarge,
    event::CloseReason,
    id::{SessionId, WorkerId},
    layout::Memory,
    remote::Remote,
    session::{Phase, Row, Table},
    sync::Ordering,
};
use std::{
    collections::BinaryHeap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What the server knows about one session; what the original calls `connection_info`.
///
/// A copy: it does not change when the session does. Times are as fine as the kernel's tick, 1 to 10 ms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The session.
    pub id: SessionId,
    /// The reactor thread that owns the socket, from 0; the original's `from_id`.
    pub reactor: u16,
    /// The listener that accepted it, from 0; the original's `from_fd`.
    pub listener: u16,
    /// What that listener is called; `main` where the attribute gives no name.
    pub listener_name: &'static str,
    /// The port of that listener, 0 for a unix socket; the original's `from_port`.
    pub listener_port: u16,
    /// The worker that serves it.
    pub worker: WorkerId,
    /// The user that [`bind`](super::Worker::bind) has named, if it has.
    pub uid: Option<u64>,
    /// The client: its address and port, or the process at the other end of a unix socket.
    pub remote: Remote,
    /// When it was accepted; the original's `connect_time`.
    pub connected: SystemTime,
    /// When bytes last came in, or when it was read on after a pause, whose silence is not the client's; `None` before the first. The original's
    /// `last_time`.
    pub last_received: Option<SystemTime>,
    /// When bytes were last sent; `None` before the first.
    pub last_sent: Option<SystemTime>,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes that the kernel took to send.
    pub bytes_out: u64,
    /// Bytes that wait for the client to read; what waits of files is counted by 64 KiB.
    pub queued: u64,
    /// Why the session is closing; `None` while it is open.
    pub closing: Option<CloseReason>,
}

impl SessionInfo {
    pub(crate) fn of(memory: &'static Memory, id: SessionId) -> Option<Self> {
        memory.sessions().read(id, |row| Self::read(memory, id, row))
    }

    fn read(memory: &'static Memory, id: SessionId, row: &Row) -> Self {
        let place = row.place();
        // Relaxed: measures.
        let ms = |field: &crate::sync::AtomicU64| field.load(Ordering::Relaxed);
        let booted = ms(&memory.header().booted_ms);
        let time = |ms: u64| UNIX_EPOCH + Duration::from_millis(booted + ms);
        let since = |ms: u64| (ms != 0).then(|| time(ms));
        Self {
            id,
            reactor: place.reactor,
            listener: place.listener.into(),
            listener_name: memory.settings.listeners.get(usize::from(place.listener)).map_or("", |listener| listener.name),
            listener_port: memory.header().port(place.listener),
            worker: WorkerId::new(place.worker),
            uid: row.uid(),
            remote: place.remote,
            connected: time(row.accepted_ms()),
            last_received: since(ms(&row.received_ms)),
            last_sent: since(ms(&row.sent_ms)),
            bytes_in: ms(&row.bytes_in),
            bytes_out: ms(&row.bytes_out),
            queued: row.queued(),
            closing: match row.phase() {
                Phase::Arriving | Phase::Open => None,
                Phase::Closing(reason) => Some(reason),
            },
        }
    }
}

/// All open sessions, in no particular order. A session that comes or goes meanwhile may be among them or not.
pub struct Sessions {
    table: Table,
    next: usize,
}

impl Sessions {
    pub(crate) fn of(table: Table) -> Self {
        Self { table, next: 0 }
    }
}

impl Iterator for Sessions {
    type Item = SessionId;

    fn next(&mut self) -> Option<SessionId> {
        while self.next < self.table.rows() {
            let found = self.table.at(self.next);
            self.next += 1;
            if let Some(found) = found.filter(|found| found.row.phase() == Phase::Open) {
                return Some(found.id);
            }
        }
        None
    }
}

/// How many sessions a page holds at most.
const PAGE: usize = 100;

/// The open sessions with the smallest ids above `start`, ascending.
pub(crate) fn page(table: Table, start: Option<SessionId>, size: usize) -> Result<Vec<SessionId>, PageTooLarge> {
    if size > PAGE {
        return Err(PageTooLarge { asked: size });
    }
    let mut smallest = BinaryHeap::with_capacity(size + 1);
    for id in Sessions::of(table).filter(|&id| start.is_none_or(|start| id > start)) {
        smallest.push(id);
        if smallest.len() > size {
            smallest.pop();
        }
    }
    Ok(smallest.into_sorted_vec())
}
