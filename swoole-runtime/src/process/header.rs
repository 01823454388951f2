//! The server as a whole: which phase of its life it is in, and what is counted of it. Written by the master, but where a field says otherwise;
//! read by all.
//!
//! If a process dies here: each word is whole by itself. With the master the server ends, or goes on in another.

use crate::{
    shm::Shared,
    sync::{AtomicU32, AtomicU64, Ordering},
};

/// What every shared memory of this kind begins with: "swoole" and the number of its layout.
const MAGIC: u64 = u64::from_be_bytes(*b"swoole\x00\x01");

/// The server as a whole. The master writes it.
#[repr(C, align(64))]
pub(crate) struct Header {
    magic: AtomicU64,
    layout: AtomicU64,
    pub(crate) started_ms: AtomicU64,
    /// What the time of day was when the machine had been up for nothing, as it was known at the start: added to a time of sessions, which are
    /// counted from there, since nobody sets that clock.
    pub(crate) booted_ms: AtomicU64,
    pub(crate) master_pid: AtomicU32,
    lifecycle: AtomicU32,
    handover: AtomicU32,
    /// When a shutdown must be over, and until when it waits for jobs, on the clock of `uptime_ms`.
    deadline_ms: AtomicU64,
    waits_until_ms: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) refused: AtomicU64,
    /// Sessions closed because what came in was no package. Written by the reactors.
    pub(crate) violations: AtomicU64,
    /// Packages that the dispatch function gave to nobody. Written by the reactors.
    pub(crate) discarded: AtomicU64,
    /// How often the kernel gave no connection for want of descriptors or memory.
    pub(crate) accept_failed: AtomicU64,
    /// Written by every reactor: added to, never stored.
    pub(crate) closed: AtomicU64,
    /// Set once by `master.shutdown()`.
    pub(crate) asks_shutdown: AtomicU32,
    pub(crate) asks_reload: Asks,
    /// How often each group was to be replaced.
    reloads: [AtomicU32; Group::COUNT],
    /// The ports that the listeners really have, in their order.
    ports: [AtomicU32; LISTENERS],
}

/// Who is replaced together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Group {
    Workers = 0,
    TaskWorkers = 1,
    UserProcesses = 2,
}

impl Group {
    pub(crate) const COUNT: usize = 3;
    pub(crate) const ALL: [Self; Self::COUNT] = [Self::Workers, Self::TaskWorkers, Self::UserProcesses];
}

/// How often the callbacks of a process have asked for a reload of each group. It counts up over all generations: the master, which cannot
/// write every board, remembers how far it has counted.
#[repr(C)]
pub(crate) struct Asks([AtomicU32; Group::COUNT]);

impl Asks {
    /// Once more; the master is woken after.
    pub(crate) fn ask(&self, group: Group) {
        // Relaxed: the bell that follows is a system call.
        self.0[group as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count(&self, group: Group) -> u32 {
        // Relaxed: a word by itself.
        self.0[group as usize].load(Ordering::Relaxed)
    }
}

/// How many listeners there may be.
pub(crate) const LISTENERS: usize = swoole_vocabulary::LISTENERS;

/// The server's life, in the order of its phases.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u32)]
pub(crate) enum Lifecycle {
    Starting = 0,
    Running = 1,
    /// It was told to shut down, and serves as before, so that whoever balances load can send clients elsewhere.
    Leaving = 2,
    /// No session is accepted any more; those that are open are served until the jobs that were under way have come back.
    Finishing = 3,
    /// Sessions are being closed.
    Draining = 4,
    /// All sessions are closed, or the deadline is over: processes end.
    Stopping = 5,
}

/// How far the sessions of this server are on their way to another master.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u32)]
pub(crate) enum Handover {
    /// They stay.
    None = 0,
    /// Nothing is read any more, and what was read comes to its end.
    Quiet = 1,
    /// Reactors give them up.
    Leaving = 2,
    /// They are another's, and so are the names of this server.
    Done = 3,
    /// Those of another are to come, and its names: until then this server has none.
    Arriving = 4,
}

impl Handover {
    /// Whether the files of unix sockets are, or may be, another server's.
    pub(crate) fn are_names_anothers(self) -> bool {
        self >= Self::Leaving
    }
}

impl Header {
    pub(crate) fn handover(&self) -> Handover {
        // Acquire, label "handover".
        match self.handover.load(Ordering::Acquire) {
            0 => Handover::None,
            1 => Handover::Quiet,
            2 => Handover::Leaving,
            3 => Handover::Done,
            _ => Handover::Arriving,
        }
    }

    /// [master] The next step, or none of it.
    #[cfg(feature = "cli")]
    pub(crate) fn hand_over(&self, handover: Handover) {
        // Release, label "handover".
        self.handover.store(handover as u32, Ordering::Release);
    }

    /// What is counted since the start, to be counted on by a server that takes this one's place.
    #[cfg(feature = "cli")]
    pub(crate) fn counters(&self) -> [u64; 6] {
        self.all_counters().map(|counter| counter.load(Ordering::Relaxed))
    }

    /// [master] Counts on from there, before it serves.
    #[cfg(feature = "cli")]
    pub(crate) fn count_on(&self, counters: &[u64]) {
        for (counter, value) in self.all_counters().into_iter().zip(counters) {
            counter.store(*value, Ordering::Relaxed);
        }
    }

    #[cfg(feature = "cli")]
    fn all_counters(&self) -> [&AtomicU64; 6] {
        [&self.accepted, &self.refused, &self.violations, &self.discarded, &self.accept_failed, &self.closed]
    }

    /// [master] Signs the memory.
    pub(crate) fn sign(&self, layout: u64, now_ms: u64, uptime_ms: u64) {
        self.started_ms.store(now_ms, Ordering::Relaxed);
        self.booted_ms.store(now_ms.saturating_sub(uptime_ms), Ordering::Relaxed);
        self.master_pid.store(std::process::id(), Ordering::Relaxed);
        self.layout.store(layout, Ordering::Relaxed);
        // Relaxed, all of them: nobody else has the memory yet.
        self.magic.store(MAGIC, Ordering::Relaxed);
    }

    pub(crate) fn is_signed(&self, layout: u64) -> bool {
        // Relaxed: signed before the first fork.
        self.magic.load(Ordering::Relaxed) == MAGIC && self.layout() == layout
    }

    pub(crate) fn layout(&self) -> u64 {
        // Relaxed: as above.
        self.layout.load(Ordering::Relaxed)
    }

    pub(crate) fn lifecycle(&self) -> Lifecycle {
        // Acquire, label "lifecycle": the deadline comes with it.
        match self.lifecycle.load(Ordering::Acquire) {
            0 => Lifecycle::Starting,
            1 => Lifecycle::Running,
            2 => Lifecycle::Leaving,
            3 => Lifecycle::Finishing,
            4 => Lifecycle::Draining,
            _ => Lifecycle::Stopping,
        }
    }

    /// [master] The next phase; it never goes back, but where a handover has come to nothing.
    pub(crate) fn enter(&self, lifecycle: Lifecycle) {
        // Release, label "lifecycle".
        self.lifecycle.store(lifecycle as u32, Ordering::Release);
    }

    /// [master] Before [`Lifecycle::Finishing`] is entered.
    pub(crate) fn set_waits_until(&self, uptime_ms: u64) {
        // Relaxed: the store of the phase publishes it.
        self.waits_until_ms.store(uptime_ms, Ordering::Relaxed);
    }

    pub(crate) fn waits_until_ms(&self) -> u64 {
        // Relaxed: read after the phase.
        self.waits_until_ms.load(Ordering::Relaxed)
    }

    /// [master] When a shutdown begins, when [`Lifecycle::Stopping`] is entered, and when it is hurried on.
    pub(crate) fn set_deadline(&self, uptime_ms: u64) {
        // Relaxed: the store of the phase publishes it, or the bell behind it.
        self.deadline_ms.store(uptime_ms, Ordering::Relaxed);
    }

    pub(crate) fn deadline_ms(&self) -> u64 {
        // Relaxed: read after the phase.
        self.deadline_ms.load(Ordering::Relaxed)
    }

    /// [master] Every process of the group that is there now is to be replaced; the manager is woken after.
    pub(crate) fn ask_reload(&self, group: Group) {
        // Relaxed: the bell that follows is a system call.
        self.reloads[group as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The number of the last reload of this group.
    pub(crate) fn reload(&self, group: Group) -> u32 {
        // Relaxed: a word by itself.
        self.reloads[group as usize].load(Ordering::Relaxed)
    }

    /// [master] The port that a listener really has.
    pub(crate) fn set_port(&self, listener: usize, port: u16) {
        if let Some(word) = self.ports.get(listener) {
            // Relaxed: before the first fork.
            word.store(port.into(), Ordering::Relaxed);
        }
    }

    pub(crate) fn port(&self, listener: u8) -> u16 {
        // Relaxed: set before the first fork.
        self.ports.get(usize::from(listener)).map_or(0, |port| port.load(Ordering::Relaxed) as u16)
    }

    /// How many sessions have a row.
    pub(crate) fn connections(&self) -> u64 {
        // Acquire, label "closed": a session that is not counted any more has freed its row.
        let closed = self.closed.load(Ordering::Acquire);
        // Relaxed: a count for people; the master, which decides by it, wrote it itself.
        self.accepted.load(Ordering::Relaxed).saturating_sub(closed)
    }
}

const _: () = assert!(align_of::<Header>() == 64 && size_of::<Header>() == 256);

// SAFETY: atomics alone, and zero is a server that has not started; see the fields.
unsafe impl Shared for Header {}
