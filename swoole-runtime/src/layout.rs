//! The one plan: every shared structure laid out side by side, and the handle by which each process reaches them all.
//!
//! Whose is what: the master writes the header, the session table, the rings to workers and the consumed positions of the rings to
//! reactors; a worker the rings to reactors, its large cells, its board and the consumed positions of its own rings; the manager its
//! board, the slots' boards and its own rings. Task workers are slots behind those of the workers, and user processes behind those; what is
//! said of a worker holds for them, but that reactors send them nothing. Cells of jobs and of messages are written by all who handle such.

mod plan;
mod slots;

use crate::{
    cell::{Cells, CellsPlace, Packages},
    event::{Callback, ToWorker},
    id::SessionId,
    job::{Bits, Claims, Files, JobCell, Loads, Overflow, Phase, Pool, Whose},
    logging,
    message::{Mail, Messages, Tray},
    process::{Begun, Header, ManagerBoard, ReactorBoard, SlotBoard, SuccessorBoard, WorkerBoard},
    ring::{Back, FrontPlace, Look, Ring},
    session::{Row, Table},
    settings::Resolved,
    shm::{Area, Arena, Owner, Place, Places, Plan},
    sync::{AtomicU64, Ordering},
    sys::{
        clock,
        datagram::Sockets,
        packet::{self, Packets},
        wake::Bell,
    },
};
use core::time::Duration;
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// All that processes share, as one process reaches it.
pub(crate) struct Memory {
    arena: Arena,
    places: LaidOut,
    pub(crate) settings: Resolved,
    pub(crate) bells: Bells,
    /// By which the process of a slot passes files to a reactor: for each slot one to each reactor. A program that has attached to the server has
    /// those of its own slot.
    file_lines: Vec<Option<Packets>>,
    ring_bytes: usize,
    pub(crate) files: &'static Files,
    pub(crate) sockets: Sockets,
}

/// What wakes whom.
pub(crate) struct Bells {
    pub(crate) master: Bell,
    pub(crate) manager: Bell,
    pub(crate) reactors: Vec<Bell>,
    pub(crate) workers: Vec<Bell>,
}

struct LaidOut {
    header: Place<Header>,
    rows: Places<Row>,
    reactors: Places<ReactorBoard>,
    to_workers: Vec<FrontPlace>,
    /// Beside each of them.
    packages: Vec<Area>,
    reactor_backs: Places<Back>,
    manager: Place<ManagerBoard>,
    slots: Places<SlotBoard>,
    manager_to_reactors: Vec<FrontPlace>,
    workers: Vec<WorkerPlace>,
    /// One for each worker, where there are task workers.
    jobs: Vec<JobsPlace>,
    ticket: Place<AtomicU64>,
    /// For each slot the last generation that a callback wanted replaced. Any process writes it.
    unwanted: Places<AtomicU64>,
    /// One for each process that sends messages, the manager last; and a word of mail for each that receives them.
    messages: Vec<MessagesPlace>,
    mail: Places<Mail>,
    message_ticket: Place<AtomicU64>,
}

/// Where the messages of one sender lie.
struct MessagesPlace {
    cells: Places<JobCell>,
    ready: Places<AtomicU64>,
    bytes: Area,
    overflow: OverflowPlace,
}

/// Where the large cells of a worker or a sender lie.
struct OverflowPlace {
    claims: Places<AtomicU64>,
    large: Area,
}

/// Where a worker's jobs lie.
struct JobsPlace {
    cells: Places<JobCell>,
    ready: Places<AtomicU64>,
    done: Places<AtomicU64>,
    /// Input and output of each cell, one behind the other.
    bytes: Area,
    overflow: OverflowPlace,
}

struct WorkerPlace {
    board: Place<WorkerBoard>,
    successor: Place<SuccessorBoard>,
    backs: Places<Back>,
    to_reactors: Vec<FrontPlace>,
    cells: CellsPlace,
}

/// No ring is smaller than this, so that a ring always takes a record of a useful size.
pub(crate) const SMALLEST_RING: usize = 16 << 10;

/// No ring is larger than this: more would not be filled before the kernel's own buffers are.
const LARGEST_RING: usize = 4 << 20;

/// The manager closes sessions, and sends no bytes.
const MANAGER_RING: usize = 16 << 10;

impl Memory {
    /// [master] Lays out, maps and signs the memory, for as long as the process lives.
    ///
    /// With it the ends of reactors by which they are passed files: for each reactor one of each slot.
    pub(crate) fn new(settings: Resolved, files: &'static Files, sockets: Sockets) -> io::Result<(&'static Self, Vec<Vec<Packets>>)> {
        let (plan, places, ring_bytes) = plan::of(&settings);
        let arena = Arena::new(&plan)?;
        let some = |count| {
            let mut bells = Vec::new();
            for _ in 0..count {
                bells.push(Bell::new()?);
            }
            io::Result::Ok(bells)
        };
        let bells =
            Bells { master: Bell::new()?, manager: Bell::new()?, reactors: some(settings.reactors)?, workers: some(settings.slots())? };
        let mut of_reactors: Vec<Vec<Packets>> = (0..settings.reactors).map(|_| Vec::with_capacity(settings.slots())).collect();
        let mut file_lines = Vec::with_capacity(settings.slots() * settings.reactors);
        for _ in 0..settings.slots() {
            for of_reactor in &mut of_reactors {
                let (passes, is_passed) = packet::pair()?;
                file_lines.push(Some(passes));
                of_reactor.push(is_passed);
            }
        }
        logging::debug!(
            "shared memory: {} KiB: {} session rows of {} B, {} rings of {} KiB, layout {:016x}",
            plan.size() >> 10,
            Table::rows_for(settings.max_conn),
            size_of::<Row>(),
            (settings.workers + settings.slots()) * settings.reactors,
            ring_bytes >> 10,
            layout_of(&plan)
        );
        let memory: &'static Self = Box::leak(Box::new(Self { arena, places, settings, bells, file_lines, ring_bytes, files, sockets }));
        memory.header().sign(layout_of(&plan), clock::unix_ms(), clock::uptime_ms());
        Ok((memory, of_reactors))
    }

    /// [worker] The memory of a server that runs, in a program that has just begun: by descriptors that [`descriptors`](Self::descriptors)
    /// has named.
    ///
    /// # Errors
    /// What is not as this program would lay it out.
    pub(crate) fn attach(
        settings: Resolved,
        files: &'static Files,
        layout: u64,
        slot: usize,
        mut inherited: Vec<OwnedFd>,
        sockets: Sockets,
    ) -> io::Result<&'static Self> {
        let (plan, places, ring_bytes) = plan::of(&settings);
        if layout_of(&plan) != layout || inherited.len() != 3 + 2 * settings.reactors + settings.slots() || slot >= settings.slots() {
            return Err(io::Error::other(format!(
                "its shared memory has the layout {:016x}, and that of the server {layout:016x}",
                layout_of(&plan)
            )));
        }
        let mut file_lines: Vec<Option<Packets>> = (0..settings.slots() * settings.reactors).map(|_| None).collect();
        let passing = inherited.split_off(inherited.len() - settings.reactors).into_iter().map(|fd| Some(Packets::from_fd(fd)));
        file_lines.splice(slot * settings.reactors..(slot + 1) * settings.reactors, passing);
        let mut bells = inherited.split_off(1).into_iter().map(Bell::from_fd);
        let mut bell = || bells.next().ok_or_else(|| io::Error::other("a bell is missing"));
        let (master, manager) = (bell()?, bell()?);
        let mut some = |count| (0..count).map(|_| bell()).collect::<io::Result<Vec<_>>>();
        let bells = Bells { master, manager, reactors: some(settings.reactors)?, workers: some(settings.slots())? };
        let arena = Arena::attach(&plan, inherited.swap_remove(0))?;
        let memory: &'static Self = Box::leak(Box::new(Self { arena, places, settings, bells, file_lines, ring_bytes, files, sockets }));
        if !memory.header().is_signed(layout) {
            return Err(io::Error::other("what it was given is no memory of a server of this version"));
        }
        Ok(memory)
    }

    /// The memory, then the bells: of the master, of the manager, of the reactors, of the slots; then what the process of this slot passes files
    /// by.
    pub(crate) fn descriptors(&self, slot: usize) -> Vec<BorrowedFd<'_>> {
        let Bells { master, manager, reactors, workers } = &self.bells;
        let bells = [master, manager].into_iter().chain(reactors).chain(workers).map(AsFd::as_fd);
        let passing = (0..self.settings.reactors).filter_map(|reactor| self.file_line(slot, reactor)).map(AsFd::as_fd);
        core::iter::once(self.arena.memory()).chain(bells).chain(passing).collect()
    }

    /// By which the process of this slot passes files to this reactor.
    pub(crate) fn file_line(&self, slot: usize, reactor: usize) -> Option<&Packets> {
        self.file_lines.get(slot * self.settings.reactors + reactor)?.as_ref()
    }

    /// Tells the layout of this memory from others.
    pub(crate) fn layout(&'static self) -> u64 {
        self.header().layout()
    }

    /// From here on this process can write only what is its own.
    pub(crate) fn become_one(&self, role: Role) -> io::Result<()> {
        self.arena.restrict(|owner| match role {
            Role::Master => owner != Owner::Manager,
            Role::Manager => owner != Owner::Master,
            Role::Worker(slot) => owner == Owner::Worker(slot) || owner == Owner::Jobs,
        })
    }

    pub(crate) fn header(&'static self) -> &'static Header {
        self.arena.get(self.places.header)
    }

    pub(crate) fn sessions(&'static self) -> Table {
        Table::new(self.arena.all(self.places.rows))
    }

    pub(crate) fn reactor(&'static self, reactor: usize) -> &'static ReactorBoard {
        &self.arena.all(self.places.reactors)[reactor]
    }

    pub(crate) fn worker(&'static self, slot: usize) -> &'static WorkerBoard {
        self.arena.get(self.places.workers[slot].board)
    }

    pub(crate) fn successor(&'static self, slot: usize) -> &'static SuccessorBoard {
        self.arena.get(self.places.workers[slot].successor)
    }

    pub(crate) fn slot(&'static self, slot: usize) -> &'static SlotBoard {
        &self.arena.all(self.places.slots)[slot]
    }

    pub(crate) fn manager(&'static self) -> &'static ManagerBoard {
        self.arena.get(self.places.manager)
    }

    pub(crate) fn cells(&'static self, slot: usize) -> Cells {
        Cells::at(&self.arena, self.places.workers[slot].cells)
    }

    /// The jobs of this worker; only where there are task workers.
    pub(crate) fn jobs(&'static self, worker: usize) -> Pool<'static> {
        let place = &self.places.jobs[worker];
        Pool {
            cells: self.arena.all(place.cells),
            ready: Bits::new(self.arena.all(place.ready)),
            done: Bits::new(self.arena.all(place.done)),
        }
    }

    /// How many jobs wait for a task worker, or have one at them.
    pub(crate) fn jobs_under_way(&'static self) -> u64 {
        let pools = (0..self.places.jobs.len()).map(|worker| self.jobs(worker));
        let is_under_way = |cell: &&JobCell| matches!(cell.state().phase, Phase::Ready | Phase::Taken | Phase::Abandoned);
        pools.map(|pool| pool.cells.iter().filter(is_under_way).count() as u64).sum()
    }

    /// Whether a packet that was received has not come to its end yet, or one may still be received.
    pub(crate) fn has_packets(&'static self) -> bool {
        // Acquire, label "packets": a reactor that holds none has published all.
        let is_held = |reactor| self.reactor(reactor).holds_packets.load(Ordering::Acquire) != 0;
        let is_on_a_ring = |reactor| (0..self.settings.workers).any(|slot| !Look::at(self.to_worker(reactor, slot)).is_empty());
        self.settings.listeners.iter().any(|listener| listener.datagrams.is_some())
            && (0..self.settings.reactors).any(|reactor| is_held(reactor) || is_on_a_ring(reactor))
    }

    /// Whether anything is left of the jobs up to this ticket that somebody wants.
    pub(crate) fn has_jobs_up_to(&'static self, ticket: u64) -> bool {
        let is_left = |cell: &JobCell| {
            // Relaxed: published by the move to ready, which `state` has seen.
            let is_one = matches!(cell.state().phase, Phase::Ready | Phase::Taken | Phase::Done | Phase::Begun | Phase::Lost);
            is_one && cell.ticket.load(Ordering::Relaxed) <= ticket
        };
        (0..self.places.jobs.len()).any(|worker| self.jobs(worker).cells.iter().any(is_left))
    }

    /// The bytes of this worker's jobs.
    pub(crate) fn loads(&'static self, worker: usize) -> Loads {
        let place = &self.places.jobs[worker];
        Loads {
            cells: self.arena.bytes(place.bytes),
            half: self.settings.task_cell,
            overflow: self.overflow(Whose::Jobs(worker), &place.overflow),
        }
    }

    fn overflow(&'static self, whose: Whose, place: &OverflowPlace) -> Overflow {
        let (claims, large) = (Claims::new(self.arena.all(place.claims)), self.arena.bytes(place.large));
        Overflow { whose, claims, large, files: self.files }
    }

    /// [manager] Frees what no job and no message claims any more, large cells and files. The process of the slot `dead` is not there, nor a
    /// successor; the manager's own slot is the one behind the last, for a successor of it.
    pub(crate) fn settle_claims(&'static self, dead: usize) {
        let jobs = (0..self.places.jobs.len()).map(|worker| (self.loads(worker).overflow, self.jobs(worker).cells));
        let messages = (0..self.places.messages.len()).filter_map(|sender| self.messages(sender));
        for (overflow, cells) in jobs.chain(messages.map(|messages| (messages.overflow, messages.tray.cells))) {
            overflow.claims.settle(cells, !overflow.whose.is_of(dead));
        }
        self.files.settle(|whose, claim| {
            // The number was read from the name of a file.
            let cells = match whose {
                Whose::Jobs(worker) => (worker < self.places.jobs.len()).then(|| self.jobs(worker).cells),
                Whose::Messages(sender) => self.messages(sender).map(|messages| messages.tray.cells),
            };
            cells.is_some_and(|cells| claim.is_live(cells, !whose.is_of(dead)))
        });
    }

    /// Counts jobs: the number of the next one.
    pub(crate) fn ticket(&'static self) -> &'static AtomicU64 {
        self.arena.get(self.places.ticket)
    }

    /// The messages of this sender: a slot, or behind the slots the manager. None where the server has no `on_pipe_message`.
    pub(crate) fn messages(&'static self, sender: usize) -> Option<Messages<'static>> {
        let place = self.places.messages.get(sender)?;
        let (cells, ready) = (self.arena.all(place.cells), Bits::new(self.arena.all(place.ready)));
        let overflow = self.overflow(Whose::Messages(sender), &place.overflow);
        Some(Messages::new(Tray::new(cells, ready), self.arena.bytes(place.bytes), self.settings.message_cell, overflow))
    }

    /// By which the process of this slot finds what was sent to it; `None` for a slot that there is not.
    pub(crate) fn mail(&'static self, slot: usize) -> Option<&'static Mail> {
        self.arena.all(self.places.mail).get(slot)
    }

    /// Counts messages: the number of the next one.
    pub(crate) fn message_ticket(&'static self) -> &'static AtomicU64 {
        self.arena.get(self.places.message_ticket)
    }

    /// Asks that the process that holds this slot now be replaced; `false` where there is no such slot, or nobody in it.
    pub(crate) fn ask_for_another(&'static self, slot: usize) -> bool {
        let Some(unwanted) = self.arena.all(self.places.unwanted).get(slot) else { return false };
        let claim = self.slot(slot).owner.read();
        if claim.pid.is_some() {
            // Relaxed: the bell that follows is a system call. The greatest: who asks late takes back nothing.
            unwanted.fetch_max(claim.generation.into(), Ordering::Relaxed);
            self.bells.manager.ring();
        }
        claim.pid.is_some()
    }

    /// Whether somebody has asked that the process of this slot be replaced.
    pub(crate) fn is_unwanted(&'static self, slot: usize) -> bool {
        // Relaxed: a word by itself. The process after it has another generation.
        let unwanted = self.arena.all(self.places.unwanted)[slot].load(Ordering::Relaxed);
        unwanted == u64::from(self.slot(slot).owner.read().generation)
    }

    /// The ring from this reactor to this worker.
    pub(crate) fn to_worker(&'static self, reactor: usize, slot: usize) -> Ring {
        let front = self.places.to_workers[reactor * self.settings.slots() + slot];
        Ring::at(&self.arena, front, nth(self.places.workers[slot].backs, reactor))
    }

    /// The large packages beside that ring.
    pub(crate) fn packages(&'static self, reactor: usize, slot: usize) -> Packages {
        let area = self.places.packages[reactor * self.settings.slots() + slot];
        Packages::at(&self.arena, area, self.settings.package_cell)
    }

    /// The ring from this worker to this reactor.
    pub(crate) fn to_reactor(&'static self, slot: usize, reactor: usize) -> Ring {
        let front = self.places.workers[slot].to_reactors[reactor];
        Ring::at(&self.arena, front, nth(self.places.reactor_backs, slot * self.settings.reactors + reactor))
    }

    /// The ring from the manager to this reactor.
    pub(crate) fn manager_to_reactor(&'static self, reactor: usize) -> Ring {
        let front = self.places.manager_to_reactors[reactor];
        Ring::at(&self.arena, front, nth(self.places.reactor_backs, self.settings.slots() * self.settings.reactors + reactor))
    }

    /// The callback that this worker is in, as its board says; `None` for none.
    pub(crate) fn current(&'static self, slot: usize) -> Option<Current> {
        let board = self.worker(slot);
        let age = || Duration::from_millis(clock::uptime_ms().saturating_sub(board.begun_ms()));
        if let Some(callback) = board.aside() {
            return Some(Current { callback, session: None, age: age(), begun: None });
        }
        let begun = board.begun()?;
        if usize::from(begun.ring) >= self.settings.reactors {
            return None;
        }
        let record = Look::at(self.to_worker(begun.ring.into(), slot)).oldest(begun.position)?;
        let kind = ToWorker::from_u8(record.tag.kind)?;
        let callback = if begun.again { Callback::Lost } else { kind.callback()? };
        Some(Current { callback, session: SessionId::new(record.tag.session), age: age(), begun: Some((begun, kind)) })
    }

    /// How many bytes each ring to or from a worker has.
    pub(crate) fn ring_bytes(&self) -> usize {
        self.ring_bytes
    }
}

/// What a worker is in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current {
    pub(crate) callback: Callback,
    pub(crate) session: Option<SessionId>,
    pub(crate) age: Duration,
    /// The record that began it, where one did.
    pub(crate) begun: Option<(Begun, ToWorker)>,
}

/// What kind of process this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Master,
    Manager,
    Worker(usize),
}

fn nth(places: Places<Back>, n: usize) -> Place<Back> {
    places.nth(n).expect("our bug: a ring that the plan does not have")
}

/// Tells the layouts of two programs apart: by every region, and by how large each thing in them is. What has the same size and another
/// meaning has another version of this crate.
fn layout_of(plan: &Plan) -> u64 {
    const SIZES: [usize; 9] = [
        size_of::<Header>(),
        size_of::<Row>(),
        size_of::<ReactorBoard>(),
        size_of::<ManagerBoard>(),
        size_of::<SlotBoard>(),
        size_of::<WorkerBoard>(),
        size_of::<SuccessorBoard>(),
        size_of::<JobCell>(),
        size_of::<Back>(),
    ];
    let version = env!("CARGO_PKG_VERSION").bytes().map(usize::from);
    SIZES.into_iter().chain(version).fold(plan.hash(), |hash, part| (hash ^ part as u64).wrapping_mul(0x0100_0000_01b3))
}
