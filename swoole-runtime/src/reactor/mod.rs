//! A reactor: a thread of the master that owns sockets, moves bytes between them and the rings, and never waits for any process.

mod close;
mod dispatch;
mod files;
mod framed;
mod held;
mod idle;
mod inbound;
mod outbound;
mod output;
mod packets;
#[cfg(feature = "cli")]
mod parcels;
mod tails;
mod turn;

pub(crate) use idle::is_due_at;
#[cfg(feature = "cli")]
pub(crate) use parcels::{Left, Parcel};

use crate::{
    cell::Outgoing,
    dispatch::{Dispatch, Mode},
    frame::Framing,
    id::SessionId,
    layout::Memory,
    process::{OwnerWord, ReactorBoard},
    ring::{Answers, Consumer, FromOther, Producer, largest_message},
    session::Table,
    sync::Ordering,
    sys::{clock, packet::Packets, wake::Bell},
};
use core::marker::PhantomData;
use dispatch::Chooser;
pub(crate) use dispatch::Shares;
use mio::{Interest, Poll, Registry, Token, unix::SourceFd};
use output::Outputs;
use packets::Inlet;
use std::{io, os::fd::AsRawFd, sync::Arc};
use tails::Tails;

/// The token of the reactor's own bell: no session has this id.
const BELL: Token = Token(0);

/// The most that one read takes.
const LARGEST_READ: usize = 64 << 10;

/// A read with less room than this waits for more.
const SMALLEST_READ: usize = 2 << 10;

/// What is known when the program is compiled, so that one that has none of it pays for none of it.
pub(crate) trait Program: Send + 'static {
    /// Whether any listener has a frame.
    const FRAMES: bool;
    /// Whether the program takes packets.
    const PACKETS: bool;
    /// Whether anything may be too large for a ring.
    const CELLS: bool;
    /// Whether workers hear of watermarks.
    const WATERMARKS: bool;
    /// How packages find their worker.
    const MODE: Mode;
    /// Whether `on_connect` and `on_close` run.
    const HAS_EVENTS: bool;
    /// How what comes in on this listener is cut into packages.
    fn frame(listener: u8) -> Option<&'static Framing>;
    /// What the server's own function says of this package; `None` when it panicked.
    fn ask(memory: &'static Memory, session: SessionId, package: &[u8]) -> Option<Dispatch>;
}

/// One reactor.
pub(crate) struct Reactor<P> {
    index: usize,
    memory: &'static Memory,
    board: &'static ReactorBoard,
    sessions: Table,
    poll: Poll,
    workers: Vec<Lane>,
    manager: Consumer<FromOther>,
    outputs: Outputs,
    /// What has come in and is no whole package yet.
    tails: Tails,
    chooser: Chooser,
    /// Sessions that are through, of whose end no callback hears.
    unheard: Vec<SessionId>,
    /// Sessions with more to read than one turn took; a flag in the row says so too. By id: a row may be another reactor's by then.
    reading_on: Vec<SessionId>,
    /// Where those of `reading_on` are while they are gone through.
    reading_now: Vec<SessionId>,
    /// The datagram sockets of this reactor.
    inlets: Vec<Inlet>,
    /// How many places in a line for room their batches have had.
    batches_placed: u64,
    /// Until the server is to end.
    takes_packets: bool,
    /// Sessions with more of a file to send than one turn may; a flag in the row says so too. And where they are while they are gone through.
    writing_on: Vec<SessionId>,
    writing_now: Vec<SessionId>,
    /// Rows that are through but for output that the client has to take.
    lingering: Vec<Lingering>,
    largest_read: usize,
    /// Whether any listener has a `max_queued_bytes`.
    holds_back: bool,
    /// Sessions of which nothing is read until what is on its way is through.
    held: Vec<SessionId>,
    /// When sessions are next looked at that may be idle; `None` where no silence ends any.
    next_look_ms: Option<u64>,
    stood_still: idle::StoodStill,
    now_ms: u64,
    /// `now_ms` of the turn before; where no silence ends any session, nobody asks.
    last_turn_ms: u64,
    draining: bool,
    /// Nothing is read, since the sessions are to go on elsewhere.
    #[cfg(feature = "cli")]
    is_quiet: bool,
    /// Nor is anything published, since its workers end.
    #[cfg(feature = "cli")]
    is_mute: bool,
    /// Sessions that were taken up, until the first turn.
    #[cfg(feature = "cli")]
    taken_up: Vec<SessionId>,
    /// Said once.
    said_manager_is_wild: bool,
    program: PhantomData<P>,
}

/// Both rings between this reactor and one worker.
struct Lane {
    to: Producer,
    from: Consumer<FromOther>,
    /// Whether something was published since the worker was last looked at.
    published: bool,
    asleep: Answers,
    bell: &'static Bell,
    /// What is too large for the ring to the worker.
    packages: Option<Outgoing>,
    /// By which its process passes files.
    files: Packets,
    /// What the first of those that wait needs.
    needs: Room,
    /// Rows that found no room on the ring, the first and the last; each names the one behind it. 1 + row, 0 for none.
    waiting: (u32, u32),
    /// How many rows ever began to wait there, and how many of them do no more: who stands between them counts by these.
    began_to_wait: u64,
    waited: u64,
    owner: &'static OwnerWord,
    /// What came from this worker cannot be: nothing more is read until another holds the slot.
    gone_wild: Option<u32>,
}

/// A session whose last output is on its way.
struct Lingering {
    row: usize,
    id: u64,
    until_ms: u64,
    /// How much its client has taken when that was said.
    bytes_out: u64,
}

/// What finds no room on the way to a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Room {
    /// So many bytes on the ring.
    Bytes(usize),
    /// A cell for a large package, and a record.
    Cell,
}

/// By which the master hands a new socket over.
pub(crate) struct Intake(Registry);

impl Intake {
    /// [master] Gives the socket of this session to its reactor. The last thing the master does with it: from here on only the reactor
    /// touches it. Readable alone would never come for a client that waits for the server to speak.
    pub(crate) fn give(&self, id: u64, descriptor: i32) -> io::Result<()> {
        self.0.register(&mut SourceFd(&descriptor), Token(id as usize), Interest::READABLE | Interest::WRITABLE)
    }
}

impl<P: Program> Reactor<P> {
    /// [master] Made where its thread will run, after the last fork.
    pub(crate) fn new(memory: &'static Memory, index: usize, file_lines: Vec<Packets>, shares: Arc<Shares>) -> io::Result<(Self, Intake)> {
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&memory.bells.reactors[index].as_raw_fd()), BELL, Interest::READABLE)?;
        let intake = Intake(poll.registry().try_clone()?);
        let workers = (0..memory.settings.slots())
            .zip(file_lines)
            .map(|(slot, files)| Lane {
                to: Producer::attach(memory.to_worker(index, slot)),
                from: Consumer::attach(memory.to_reactor(slot, index)),
                published: false,
                asleep: Answers::default(),
                bell: &memory.bells.workers[slot],
                packages: P::CELLS.then(|| Outgoing::new(memory.packages(index, slot))),
                files,
                needs: Room::Bytes(SMALLEST_READ),
                waiting: (0, 0),
                began_to_wait: 0,
                waited: 0,
                owner: &memory.slot(slot).owner,
                gone_wild: None,
            })
            .collect();
        // What a program cannot take, its server has not.
        let inlets = if P::PACKETS { packets::inlets(memory, index, poll.registry())? } else { Vec::new() };
        // Relaxed: before the server runs.
        memory.reactor(index).holds_packets.store(u64::from(!inlets.is_empty()), Ordering::Relaxed);
        let reactor = Self {
            index,
            memory,
            board: memory.reactor(index),
            sessions: memory.sessions(),
            poll,
            workers,
            manager: Consumer::attach(memory.manager_to_reactor(index)),
            outputs: Outputs::new(),
            tails: Tails::default(),
            chooser: Chooser::new::<P>(memory, shares),
            unheard: Vec::with_capacity(if P::HAS_EVENTS { 0 } else { 1024 }),
            reading_on: Vec::with_capacity(1024),
            reading_now: Vec::with_capacity(1024),
            writing_on: Vec::new(),
            writing_now: Vec::new(),
            lingering: Vec::new(),
            inlets,
            batches_placed: 0,
            takes_packets: true,
            largest_read: largest_message(memory.ring_bytes()).min(LARGEST_READ),
            holds_back: memory.settings.listeners.iter().any(|listener| listener.max_queued_bytes > 0),
            held: Vec::new(),
            next_look_ms: memory.settings.listeners.iter().any(|listener| listener.heartbeat.is_some()).then(clock::uptime_ms),
            stood_still: idle::StoodStill::default(),
            now_ms: clock::uptime_ms(),
            last_turn_ms: clock::uptime_ms(),
            draining: false,
            #[cfg(feature = "cli")]
            is_quiet: false,
            #[cfg(feature = "cli")]
            is_mute: false,
            #[cfg(feature = "cli")]
            taken_up: Vec::new(),
            said_manager_is_wild: false,
            program: PhantomData,
        };
        Ok((reactor, intake))
    }

    /// Whether nothing is to be read.
    #[inline]
    fn is_quiet(&self) -> bool {
        #[cfg(feature = "cli")]
        return self.is_quiet;
        #[cfg(not(feature = "cli"))]
        return false;
    }

    /// Whether nothing is to be published: what is due stays so.
    #[inline]
    fn is_mute(&self) -> bool {
        #[cfg(feature = "cli")]
        return self.is_mute;
        #[cfg(not(feature = "cli"))]
        return false;
    }

    /// What all queues hold, for the workers to read.
    fn publish_queued(&self) {
        for (shown, now) in [(&self.board.queued, self.outputs.total()), (&self.board.files, self.outputs.files())] {
            // Relaxed, both: a measure, which this reactor alone writes; those who read it are left alone while it is the same.
            if shown.load(Ordering::Relaxed) != now {
                shown.store(now, Ordering::Relaxed);
            }
        }
    }
}
