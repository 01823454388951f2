//! Stop 6 of a byte's way: answer. Takes: bytes and calls of user code. Gives: records on the ring to the session's reactor.
//!
//! Runs in: a worker, and in the manager, which closes sessions. If the reactor is dead: so is the master, and the kernel ends this
//! process. The reactor never waits for this one, so room comes back; still no wait here is without an end.

mod files;

use super::packets::PacketSockets;
use crate::{
    cell::Cells,
    error::SendError,
    event::{CloseReason, ToReactor},
    id::SessionId,
    layout::Memory,
    process::ReactorBoard,
    ring::{Answers, Producer, Tag, largest_message},
    session::{Phase, Row, Table},
    sync::Ordering,
    sys::{
        packet::Packets,
        wake::{Bed, Bell},
    },
};
use core::{
    cell::{OnceCell, RefCell},
    time::Duration,
};
use std::time::Instant;

/// How long a call waits for room on a ring before it says `BufferFull`. A reactor that runs gives room within milliseconds.
const ROOM_WAIT: Duration = Duration::from_secs(10);

/// With so many bytes on their way to one session it is looked how many of them the reactor has taken.
const LOOK_FROM: u64 = 256 << 10;

/// Where memory for output is scarce, a message that is larger than this part of what is left is not taken.
const LARGE_FOR_WHAT_IS_LEFT: u64 = 16;

/// How often it looks whether a client has read on: nobody rings for that.
const LOOK_AT_BUFFER: Duration = Duration::from_millis(2);

/// How long it waits before it looks by itself, should a bell ever be missed.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The sending side of a process.
pub(crate) struct Outbox {
    memory: &'static Memory,
    sessions: Table,
    lanes: Vec<RefCell<Lane>>,
    /// Known at the first use.
    packets: OnceCell<PacketSockets>,
    /// Only workers send bytes.
    cells: Option<Cells>,
    /// Where this process sleeps; `None` for one that must not wait.
    bed: Option<Bed>,
    /// For each row the session that this process has asked to close: it takes no more calls, although its row does not say so yet.
    asked_to_close: RefCell<Box<[u64]>>,
    /// For each row a session, the position of the last record of this process's bytes for it, and how many of those were sent since the reactor
    /// had taken all, as far as was looked: what has left this process and waits for the client already, though nobody has counted it.
    flights: RefCell<Box<[[u64; 3]]>>,
    largest_on_ring: usize,
}

struct Lane {
    ring: Producer,
    board: &'static ReactorBoard,
    asleep: Answers,
    bell: &'static Bell,
    /// By which files are passed; only workers have one.
    files: Option<&'static Packets>,
    /// The number of the next file. Those of the process before were others.
    next_file: u64,
    /// The position of the last record whose bytes lie in a cell.
    last_in_cell: Option<u64>,
    /// How many were passed since the reactor had taken all, as far as was looked, and the position of the last one's record.
    passed: u64,
    last_passed: u64,
}

impl Outbox {
    /// Takes up the producing end of one ring for each reactor: of the worker of this slot, or of the manager.
    pub(crate) fn attach(memory: &'static Memory, worker: Option<usize>, bed: Option<Bed>) -> Self {
        let mut lanes = Vec::new();
        for reactor in 0..memory.settings.reactors {
            let ring = match worker {
                Some(slot) => memory.to_reactor(slot, reactor),
                None => memory.manager_to_reactor(reactor),
            };
            lanes.push(RefCell::new(Lane {
                ring: Producer::attach(ring),
                board: memory.reactor(reactor),
                asleep: Answers::default(),
                bell: &memory.bells.reactors[reactor],
                files: worker.and_then(|slot| memory.file_line(slot, reactor)),
                next_file: worker.map_or(0, |slot| u64::from(memory.slot(slot).owner.read().generation) << 32),
                last_in_cell: None,
                passed: 0,
                last_passed: 0,
            }));
        }
        let cells = worker.map(|slot| memory.cells(slot));
        if let Some(cells) = &cells {
            cells.settle(lanes.iter_mut().flat_map(|lane| lane.get_mut().ring.unconsumed()));
        }
        let sessions = memory.sessions();
        Self {
            memory,
            sessions,
            lanes,
            packets: OnceCell::new(),
            cells,
            bed,
            // Zeroed by the kernel, page by page, when first used.
            asked_to_close: RefCell::new(vec![0; sessions.rows()].into()),
            flights: RefCell::new(vec![[0; 3]; sessions.rows()].into()),
            largest_on_ring: largest_message(memory.ring_bytes()),
        }
    }

    pub(super) fn packets(&self) -> &PacketSockets {
        self.packets.get_or_init(|| PacketSockets::of(self.memory))
    }

    pub(crate) fn memory(&self) -> &'static Memory {
        self.memory
    }

    /// Sleeps until this process is woken.
    pub(crate) fn sleep(&self, at_most: Option<Duration>) {
        if let Some(bed) = &self.bed {
            bed.sleep(at_most);
        }
    }

    pub(crate) fn send(&self, fd: SessionId, data: &[u8]) -> Result<(), SendError> {
        if data.len() > self.memory.settings.buffer_output_size {
            return Err(SendError::TooLarge);
        }
        let (reactor, is_full) = self.room_in_buffer(fd, data.len())?;
        if data.is_empty() {
            return Ok(());
        }
        if is_full {
            self.wait_for_buffer(|| Ok(self.room_in_buffer(fd, data.len())?.1))?;
        }
        if data.len() <= self.largest_on_ring {
            let tag = Tag { session: fd.get(), kind: ToReactor::Send as u8, detail: 0, listener: 0 };
            let last = self.with_room(reactor, |lane| lane.ring.push(tag, data).then(|| lane.ring.last()))?;
            self.is_underway(fd, last, data.len());
            return Ok(());
        }
        let cells = self.cells.ok_or(SendError::TooLarge)?;
        let cell = match cells.fill(data) {
            Some(cell) => cell,
            None => self.wait_for_cell(|| cells.fill(data))?,
        };
        let tag = Tag { session: fd.get(), kind: ToReactor::SendLarge as u8, detail: cell, listener: 0 };
        let last = self
            .with_room(reactor, |lane| {
                let last = lane.ring.push_reference(tag, data.len() as u32).then(|| lane.ring.last());
                lane.last_in_cell = last.or(lane.last_in_cell);
                last
            })
            .inspect_err(|_| cells.give_back(usize::from(cell)))?;
        self.is_underway(fd, last, data.len());
        Ok(())
    }

    /// The reactor of a session, and whether so many bytes more would be too many for the output that waits for its client.
    #[inline]
    fn room_in_buffer(&self, fd: SessionId, length: usize) -> Result<(usize, bool), SendError> {
        let (reactor, queued) = self.session(fd)?;
        let (settings, length) = (&self.memory.settings, length as u64);
        let scarce = settings.output_memory / 2;
        // Relaxed: a measure.
        let of_all = self.memory.reactor(reactor).queued.load(Ordering::Relaxed);
        let [session, _, sent] = self.flights.borrow()[self.row(fd)];
        let underway = if session == fd.get() { sent } else { 0 };
        if queued == 0 && of_all <= scarce && underway + length <= LOOK_FROM {
            return Ok((reactor, false));
        }
        let underway = self.underway(fd, reactor)?;
        // Behind that look: what is not on its way any more waits, or was sent.
        let waits = underway + self.session(fd)?.1;
        let of_all = self.memory.reactor(reactor).queued.load(Ordering::Relaxed);
        let is_behind = waits > 0 && (waits + length > settings.socket_buffer_size || of_all > scarce);
        // Who reads well is served while there is anything left, but for messages that are large for that.
        let is_large = of_all > scarce && length > settings.output_memory.saturating_sub(of_all) / LARGE_FOR_WHAT_IS_LEFT;
        Ok((reactor, is_behind || is_large))
    }

    fn row(&self, fd: SessionId) -> usize {
        self.sessions.index(fd.get())
    }

    /// How many bytes of this process's the reactor may not have taken yet for a session: at most what was sent since it had taken all, and at
    /// most what is on the ring. What it has taken is counted as waiting.
    fn underway(&self, fd: SessionId, reactor: usize) -> Result<u64, SendError> {
        let [session, record, sent] = &mut self.flights.borrow_mut()[self.row(fd)];
        if *session != fd.get() {
            return Ok(0);
        }
        let mut lane = self.lanes[reactor].try_borrow_mut().map_err(|_| SendError::BufferFull)?;
        if *sent > 0 && lane.ring.is_consumed(*record) {
            *sent = 0;
        }
        lane.last_in_cell = lane.last_in_cell.filter(|&last| !lane.ring.is_consumed(last));
        // What lies in cells is not among the bytes on the ring.
        Ok(if lane.last_in_cell.is_some() { *sent } else { lane.ring.on_its_way().min(*sent) })
    }

    /// So many bytes more are on their way, by this record of the ring.
    fn is_underway(&self, fd: SessionId, record: u64, length: usize) {
        let flight = &mut self.flights.borrow_mut()[self.row(fd)];
        let before = if flight[0] == fd.get() { flight[2] } else { 0 };
        *flight = [fd.get(), record, before + length as u64];
    }

    /// For as long as `send_yield` says.
    #[cold]
    fn wait_for_buffer(&self, is_full: impl Fn() -> Result<bool, SendError>) -> Result<(), SendError> {
        let start = Instant::now();
        while start.elapsed() < self.memory.settings.send_yield {
            self.sleep(Some(LOOK_AT_BUFFER));
            if !is_full()? {
                return Ok(());
            }
        }
        Err(SendError::BufferFull)
    }

    /// Tells the reactor of a session how to treat it from now on.
    pub(crate) fn treat(&self, fd: SessionId, kind: ToReactor, detail: u8) -> Result<(), SendError> {
        let found = self.sessions.find(fd).filter(|found| found.row.phase() != Phase::Arriving).ok_or(SendError::NoSuchSession)?;
        if self.is_asked_to_close(fd) || found.row.phase() != Phase::Open {
            return Err(SendError::Closed);
        }
        self.tell(fd, found.row.reactor(), kind, detail)
    }

    /// Asks for the end of a session; from here on this process takes it as closed.
    pub(crate) fn close(&self, fd: SessionId, kind: ToReactor, reason: CloseReason) -> Result<(), SendError> {
        let found = self.sessions.find(fd).filter(|found| found.row.phase() != Phase::Arriving).ok_or(SendError::NoSuchSession)?;
        if kind == ToReactor::Close && (self.is_asked_to_close(fd) || found.row.phase() != Phase::Open) {
            return Err(SendError::Closed);
        }
        self.tell(fd, found.row.reactor(), kind, reason as u8)?;
        self.asked_to_close.borrow_mut()[found.index] = fd.get();
        Ok(())
    }

    /// Says whose session it is.
    pub(crate) fn bind(&self, fd: SessionId, uid: u64) -> Result<(), SendError> {
        let look = |row: &Row| (row.reactor(), row.phase(), row.uid());
        match self.sessions.read(fd, look).ok_or(SendError::NoSuchSession)? {
            (_, Phase::Arriving, _) => Err(SendError::NoSuchSession),
            (_, Phase::Closing(_), _) => Err(SendError::Closed),
            _ if self.is_asked_to_close(fd) => Err(SendError::Closed),
            (_, Phase::Open, Some(_)) => Err(SendError::AlreadyBound),
            (reactor, Phase::Open, None) => {
                let tag = Tag { session: fd.get(), kind: ToReactor::Bind as u8, detail: 0, listener: 0 };
                self.with_room(reactor, |lane| lane.ring.push(tag, &uid.to_le_bytes()).then_some(()))
            }
        }
    }

    /// Tells a reactor something about a session, without bytes.
    pub(crate) fn tell(&self, fd: SessionId, reactor: usize, kind: ToReactor, detail: u8) -> Result<(), SendError> {
        let tag = Tag { session: fd.get(), kind: kind as u8, detail, listener: 0 };
        self.with_room(reactor, |lane| lane.ring.push_reference(tag, 0).then_some(()))
    }

    /// [worker] Takes a session as closed that the manager has closed because the predecessor died in its callback.
    pub(crate) fn take_as_closed(&self, fd: SessionId) {
        self.asked_to_close.borrow_mut()[self.row(fd)] = fd.get();
    }

    /// Whether `on_receive` gets what came in for a session.
    pub(crate) fn takes_input(&self, fd: SessionId) -> bool {
        self.sessions.find(fd).is_some_and(|found| found.row.phase().takes_input()) && !self.is_asked_to_close(fd)
    }

    /// Whether this process has asked to close the session.
    pub(crate) fn is_asked_to_close(&self, fd: SessionId) -> bool {
        self.asked_to_close.borrow()[self.row(fd)] == fd.get()
    }

    /// Whether calls on the session have an effect.
    pub(crate) fn exist(&self, fd: SessionId) -> bool {
        self.sessions.read(fd, |row| row.phase() == Phase::Open) == Some(true) && !self.is_asked_to_close(fd)
    }

    /// The reactor of a session that takes output, and how much waits for it in memory.
    #[inline]
    fn session(&self, fd: SessionId) -> Result<(usize, u64), SendError> {
        let look = |row: &Row| (row.reactor(), row.phase(), row.queued_in_memory());
        let (reactor, phase, queued) = self.sessions.read(fd, look).ok_or(SendError::NoSuchSession)?;
        if phase == Phase::Arriving {
            return Err(SendError::NoSuchSession);
        }
        if !phase.takes_output() || self.is_asked_to_close(fd) {
            return Err(SendError::Closed);
        }
        Ok((reactor, queued))
    }

    /// Tries until there is room, then wakes the reactor if it sleeps.
    fn with_room<T>(&self, reactor: usize, mut attempt: impl FnMut(&mut Lane) -> Option<T>) -> Result<T, SendError> {
        // A panic's last words, from inside a call of ours: that is our bug, and no reason for a second panic.
        let mut lane = self.lanes[reactor].try_borrow_mut().map_err(|_| SendError::BufferFull)?;
        let done = match attempt(&mut lane) {
            Some(done) => done,
            None => self.wait_for_room(&mut lane, attempt)?,
        };
        lane.wake();
        Ok(done)
    }

    /// Any reactor may be the one that gives a cell back.
    #[cold]
    fn wait_for_cell<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> Result<T, SendError> {
        let Some(bed) = &self.bed else { return Err(SendError::BufferFull) };
        let start = Instant::now();
        while start.elapsed() < ROOM_WAIT {
            for lane in &self.lanes {
                let mut lane = lane.try_borrow_mut().map_err(|_| SendError::BufferFull)?;
                lane.ring.wants_room().raise();
                lane.wake();
            }
            let done = attempt();
            if done.is_none() {
                bed.sleep(Some(LOOK_AGAIN));
            }
            for lane in &self.lanes {
                lane.try_borrow_mut().map_err(|_| SendError::BufferFull)?.ring.wants_room().lower();
            }
            if let Some(done) = done {
                return Ok(done);
            }
        }
        Err(SendError::BufferFull)
    }

    #[cold]
    fn wait_for_room<T>(&self, lane: &mut Lane, mut attempt: impl FnMut(&mut Lane) -> Option<T>) -> Result<T, SendError> {
        let Some(bed) = &self.bed else {
            return Err(SendError::BufferFull);
        };
        let start = Instant::now();
        let wants_room = lane.ring.wants_room();
        loop {
            wants_room.raise();
            lane.wake();
            if let Some(done) = attempt(lane) {
                wants_room.lower();
                return Ok(done);
            }
            bed.sleep(Some(LOOK_AGAIN));
            wants_room.lower();
            if start.elapsed() > ROOM_WAIT {
                return Err(SendError::BufferFull);
            }
        }
    }
}

impl Lane {
    fn wake(&mut self) {
        if self.asleep.owed(&self.board.asleep) {
            self.bell.ring();
        }
    }
}
