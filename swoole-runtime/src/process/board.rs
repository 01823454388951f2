//! The boards: words that one process writes and the others read.
//!
//! If a process dies here: each word is whole by itself and says what its writer last wrote. The manager, which reaps a worker, reads
//! what its board says before it opens the slot for the next generation.

use super::{
    begun::Begun,
    header::{Asks, Group},
    owner::OwnerWord,
};
use crate::{
    event::{Callback, State},
    ring::Flag,
    shm::Shared,
    sync::{AtomicU32, AtomicU64, Ordering},
};

/// One reactor. Its thread of the master writes it.
#[repr(C, align(64))]
pub(crate) struct ReactorBoard {
    pub(crate) asleep: Flag,
    /// Output that the kernel has not taken yet, of all its sessions, in bytes.
    pub(crate) queued: AtomicU64,
    /// Files that it has to send on: each is a descriptor of the master.
    pub(crate) files: AtomicU64,
    /// Packets it has received, and those that were thrown away before.
    pub(crate) packets: AtomicU64,
    pub(crate) packets_lost: AtomicU64,
    /// 1 as long as it may receive packets, or hold some that it has not published.
    pub(crate) holds_packets: AtomicU64,
    /// 1 where all that it has read was published, and no session waits for anything of a worker.
    pub(crate) is_at_rest: AtomicU64,
}

/// One worker. The process that holds the slot writes it; the manager while none does.
#[repr(C, align(64))]
pub(crate) struct WorkerBoard {
    state: AtomicU32,
    /// Set once by `worker.shutdown()`.
    pub(crate) asks_shutdown: AtomicU32,
    pub(crate) asks_reload: Asks,
    /// Set once by a process that has done its share, and goes on until it is told to stop.
    asks_successor: AtomicU32,
    /// A [`Begun`].
    begun: AtomicU64,
    /// When that was, on the clock of `uptime_ms`.
    begun_ms: AtomicU64,
    /// A [`Callback`] that no record began: `on_worker_start`, `on_worker_stop`.
    aside: AtomicU64,
    /// What all generations have begun: calls of `on_receive`, or jobs.
    pub(crate) requests: AtomicU64,
    /// The jobs that all generations have handed over, or as task workers have done.
    pub(crate) jobs: AtomicU64,
    /// What this generation has consumed: 0 says that it has done nothing yet.
    pub(crate) consumed: AtomicU64,
    pub(crate) asleep: Flag,
    /// Raised while it waits for the end of jobs and for nothing else: reactors do not wake it then.
    pub(crate) waits: Flag,
    /// When this generation started, in ms since 1970.
    pub(crate) started_ms: AtomicU64,
    pub(crate) words: LastWords,
}

/// A process that gets ready to hold a slot while another holds it. It writes it; the manager while there is none.
#[repr(C, align(64))]
pub(crate) struct SuccessorBoard {
    /// Whether it is ready.
    ready: AtomicU32,
    pub(crate) words: LastWords,
}

impl SuccessorBoard {
    /// [manager] Before it is forked.
    pub(crate) fn clean(&self) {
        self.words.clear();
        // Relaxed: before the fork.
        self.ready.store(0, Ordering::Relaxed);
    }

    /// [successor] Its state is built.
    pub(crate) fn get_ready(&self) {
        // Relaxed: the bell that follows is a system call.
        self.ready.store(1, Ordering::Relaxed);
    }

    pub(crate) fn is_ready(&self) -> bool {
        // Relaxed: a word by itself.
        self.ready.load(Ordering::Relaxed) != 0
    }
}

/// How many bytes of its last words a process leaves.
const SAID: usize = 256;

/// Why a process could not start, what it panicked with.
#[repr(C)]
pub(crate) struct LastWords {
    length: AtomicU32,
    words: [AtomicU32; SAID / 4],
}

impl LastWords {
    /// [whose they are] Cut at 256 bytes.
    pub(crate) fn say(&self, said: &str) {
        let mut bytes = [0; SAID];
        let length = said.floor_char_boundary(SAID);
        bytes[..length].copy_from_slice(&said.as_bytes()[..length]);
        for (word, part) in self.words.iter().zip(bytes.chunks_exact(4)) {
            // Relaxed: read when the process is dead.
            word.store(u32::from_le_bytes([part[0], part[1], part[2], part[3]]), Ordering::Relaxed);
        }
        self.length.store(length as u32, Ordering::Relaxed);
    }

    /// [manager] Those of a dead process, if it had any.
    pub(crate) fn said(&self) -> Option<String> {
        // Relaxed: the process is dead.
        let length = self.length.load(Ordering::Relaxed) as usize;
        let mut bytes = [0; SAID];
        for (part, word) in bytes.chunks_exact_mut(4).zip(&self.words) {
            part.copy_from_slice(&word.load(Ordering::Relaxed).to_le_bytes());
        }
        let said = &bytes[..length.min(SAID)];
        (!said.is_empty()).then(|| String::from_utf8_lossy(said).into_owned())
    }

    fn clear(&self) {
        self.length.store(0, Ordering::Relaxed);
    }
}

impl WorkerBoard {
    pub(crate) fn state(&self) -> State {
        // Acquire, label "state": who sees `Ready` sees what was built.
        match self.state.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Ready,
            _ => State::Stopping,
        }
    }

    pub(crate) fn enter(&self, state: State) {
        // Release, label "state".
        self.state.store(state as u32, Ordering::Release);
    }

    /// [worker] Names the record whose callback comes now.
    pub(crate) fn begin(&self, begun: Begun, now_ms: u64) {
        // Relaxed: read for its age alone.
        self.begun_ms.store(now_ms, Ordering::Relaxed);
        // Release, label "begun": a store of its own before whatever the callback does; its end is the ring's `consumed`.
        self.begun.store(begun.word(), Ordering::Release);
    }

    pub(crate) fn begun(&self) -> Option<Begun> {
        // Acquire, label "begun".
        Begun::of(self.begun.load(Ordering::Acquire))
    }

    pub(crate) fn begun_ms(&self) -> u64 {
        // Relaxed: an age for people.
        self.begun_ms.load(Ordering::Relaxed)
    }

    /// [worker] Names a callback that no record begins, or none.
    pub(crate) fn step_aside(&self, callback: Option<Callback>, now_ms: u64) {
        self.begun_ms.store(now_ms, Ordering::Relaxed);
        // Relaxed: read when the process is dead, or for people.
        self.aside.store(callback.map_or(0, Callback::word), Ordering::Relaxed);
    }

    pub(crate) fn aside(&self) -> Option<Callback> {
        // Relaxed: as above.
        Callback::from_word(self.aside.load(Ordering::Relaxed))
    }

    /// [worker] Asks to be replaced; the manager is woken after.
    pub(crate) fn ask_for_successor(&self) {
        // Relaxed: the bell that follows is a system call.
        self.asks_successor.store(1, Ordering::Relaxed);
    }

    pub(crate) fn asks_for_successor(&self) -> bool {
        // Relaxed: a word by itself.
        self.asks_successor.load(Ordering::Relaxed) != 0
    }

    /// [worker] A new generation starts with a clean board; what the ring and the owner word say stays.
    pub(crate) fn clean(&self, now_ms: u64) {
        for word in [&self.begun, &self.begun_ms, &self.aside, &self.consumed] {
            word.store(0, Ordering::Relaxed);
        }
        self.words.clear();
        self.asks_successor.store(0, Ordering::Relaxed);
        self.started_ms.store(now_ms, Ordering::Relaxed);
        self.asleep.lower();
        self.waits.lower();
        self.enter(State::Starting);
    }
}

/// The manager itself. It writes it.
#[repr(C, align(64))]
pub(crate) struct ManagerBoard {
    pub(crate) pid: AtomicU32,
    /// Set once by `manager.shutdown()`.
    pub(crate) asks_shutdown: AtomicU32,
    pub(crate) asks_reload: Asks,
    /// For each group the last reload that is through, and the last that was given up: what is not replaced by then stays as it is.
    reloaded: [AtomicU32; Group::COUNT],
    given_up: [AtomicU32; Group::COUNT],
    /// Why the last one was.
    pub(crate) why_given_up: LastWords,
    /// For each group what its processes are: see the manager's `program`.
    pub(crate) runs: [AtomicU32; Group::COUNT],
}

impl ManagerBoard {
    /// [manager] This reload is through.
    pub(crate) fn has_reloaded(&self, group: Group, reload: u32) {
        // Relaxed: a word by itself.
        self.reloaded[group as usize].store(reload, Ordering::Relaxed);
    }

    /// [manager] This reload is at its end, and some processes are as they were.
    pub(crate) fn gives_up(&self, group: Group, reload: u32, why: &str) {
        self.why_given_up.say(why);
        // Relaxed: the store behind it publishes it.
        self.given_up[group as usize].store(reload, Ordering::Relaxed);
        // Release, label "given up": who waits for this one looks at the first then.
        self.reloaded[group as usize].store(reload, Ordering::Release);
    }

    pub(crate) fn given_up(&self, group: Group) -> u32 {
        // Relaxed: a word by itself.
        self.given_up[group as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn reloaded(&self, group: Group) -> u32 {
        // Acquire, label "given up".
        self.reloaded[group as usize].load(Ordering::Acquire)
    }
}

/// What the manager wants of a slot and remembers about it.
#[repr(C, align(64))]
pub(crate) struct SlotBoard {
    /// Here and not on the worker's board: a worker gone wild must not say who holds its slot. A child claims it while it still has the
    /// manager's rights.
    pub(crate) owner: OwnerWord,
    /// A process that gets ready to hold the slot after the one that does: which, of all that ever did.
    pub(crate) successor: OwnerWord,
    /// The generation that is to stop; 0 for none.
    to_stop: AtomicU32,
    /// The session that was closed because the predecessor died in its callback: its successor takes nothing more from it.
    pub(crate) closed_session: AtomicU64,
    /// How many workers of this slot were replaced.
    pub(crate) restarts: AtomicU32,
    /// The reload of its group that its process was forked in or after.
    pub(crate) reload: AtomicU32,
    /// By when a process that was told to stop must have ended, on the clock of `uptime_ms`.
    stop_by_ms: AtomicU64,
    /// Before then nothing is forked for it, since what was has failed; on the clock of `uptime_ms`.
    fork_at_ms: AtomicU64,
    /// The jobs that its task workers have died in.
    pub(crate) jobs_died: AtomicU64,
    /// A [`Begun`] that the dead predecessor left and the next generation hands to `on_lost`; 0 for none.
    lost: AtomicU64,
}

/// What a worker is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Serve,
    Stop,
}

impl SlotBoard {
    /// What the process of this generation is to do.
    pub(crate) fn order(&self, generation: u32) -> Order {
        // Relaxed: a word by itself.
        if self.to_stop.load(Ordering::Relaxed) == generation { Order::Stop } else { Order::Serve }
    }

    /// [manager] Tells the process of this generation to stop; it is woken after. What comes after it is told nothing by that.
    pub(crate) fn tell_to_stop(&self, generation: u32) {
        // Relaxed: the bell that follows is a system call.
        self.to_stop.store(generation, Ordering::Relaxed);
    }

    /// [manager] Before the order to stop, when that is no shutdown.
    pub(crate) fn set_stop_by(&self, uptime_ms: u64) {
        // Relaxed: the manager, which reads it for more than politeness, writes it; a successor finds it late at worst.
        self.stop_by_ms.store(uptime_ms, Ordering::Relaxed);
    }

    pub(crate) fn stop_by_ms(&self) -> u64 {
        // Relaxed: as above.
        self.stop_by_ms.load(Ordering::Relaxed)
    }

    /// [manager] Says when something may be forked for it again.
    pub(crate) fn set_fork_at(&self, uptime_ms: u64) {
        // Relaxed: for people.
        self.fork_at_ms.store(uptime_ms, Ordering::Relaxed);
    }

    #[cfg(feature = "cli")]
    pub(crate) fn fork_at_ms(&self) -> u64 {
        // Relaxed: for people.
        self.fork_at_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn lost(&self) -> Option<Begun> {
        // Relaxed: written before who reads it held the slot.
        Begun::of(self.lost.load(Ordering::Relaxed))
    }

    /// [manager] Before the next generation is forked.
    pub(crate) fn leave(&self, lost: Option<Begun>) {
        // Relaxed: as above.
        self.lost.store(lost.map_or(0, Begun::word), Ordering::Relaxed);
    }
}

const _: () = {
    assert!(align_of::<WorkerBoard>() == 64 && align_of::<ReactorBoard>() == 64 && align_of::<SlotBoard>() == 64);
};

// SAFETY: atomics alone, and zero is a reactor that is awake and holds nothing; see the fields.
unsafe impl Shared for ReactorBoard {}
// SAFETY: atomics alone, and zero is a slot that nobody has held; see the fields.
unsafe impl Shared for WorkerBoard {}
// SAFETY: atomics alone, and zero is a process that is not ready and has said nothing; see the fields.
unsafe impl Shared for SuccessorBoard {}
// SAFETY: atomics alone, and zero is a manager that has not started; see the fields.
unsafe impl Shared for ManagerBoard {}
// SAFETY: atomics alone, and zero is a slot whose worker is to serve and has lost nothing; see the fields.
unsafe impl Shared for SlotBoard {}
