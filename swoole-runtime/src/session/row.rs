//! One session's row. The master's accept thread fills it, then its reactor owns it until it is free; every process reads it.
//!
//! If a process dies here: only the master writes rows, and all others end with it.

use crate::{
    event::CloseReason,
    remote::Remote,
    shm::Shared,
    sync::{AtomicU32, AtomicU64, Ordering},
};
use core::{
    mem::offset_of,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Every field is Relaxed but `id`: that is stored last when a row is taken and first when it is freed, and whoever reads other fields
/// looks at it before and after.
#[repr(C, align(128))]
#[derive(Default)]
pub(crate) struct Row {
    /// 0 while the row is free.
    pub(super) id: AtomicU64,
    pub(super) address: [AtomicU64; 2],
    /// Port (16 bits), family (8), listener (8), reactor (16), worker (16).
    pub(super) place: AtomicU64,
    pub(super) accepted_ms: AtomicU64,
    /// Output that the kernel has not taken yet: in memory, in bytes (40 bits), and in files, in units of 64 KiB (24).
    pub(super) queued: AtomicU64,
    /// 0 while open, `ARRIVING` before, else the reason why it is closing.
    pub(super) closing: AtomicU32,
    /// The operating system's descriptor, in the master.
    pub(super) descriptor: AtomicU32,
    /// [reactor] 1 + the place of its output queue, 0 for none.
    pub(crate) queue: AtomicU32,
    /// [reactor] 1 + the row behind it in the list of those that wait for room on their worker's ring, 0 for none.
    pub(super) behind: AtomicU32,
    // A cache line ends here: a worker that answers reads what is above, and each message writes only what is below.
    pub(crate) received_ms: AtomicU64,
    pub(crate) sent_ms: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    /// [reactor]
    pub(super) flags: AtomicU32,
    /// [reactor] 1 + the place of what has come in and is no whole package yet, 0 for none.
    pub(crate) tail: AtomicU32,
    /// [reactor] How many bytes of it were published since all were through, and the position of the last of those records.
    pub(crate) underway: AtomicU32,
    /// [reactor] A bit for each worker that was given something of it, modulo 32: where each package may go to another one.
    pub(super) given: AtomicU32,
    pub(crate) underway_to: AtomicU64,
    /// Whose session it is, where a flag says that it is somebody's.
    pub(super) uid: AtomicU64,
}

const _: () = {
    assert!(size_of::<Row>() == 128 && align_of::<Row>() == 128);
    assert!(offset_of!(Row, place) == 24 && offset_of!(Row, queued) == 40 && offset_of!(Row, behind) == 60);
    assert!(offset_of!(Row, received_ms) == 64 && offset_of!(Row, flags) == 96 && offset_of!(Row, uid) == 120);
};

// SAFETY: atomics alone, and zero is a free row; see the fields.
unsafe impl Shared for Row {}

/// In the place of a reason: the session is not open yet.
pub(super) const ARRIVING: u32 = 255;

/// The lower 40 bits of what waits: in memory. The others count what lies in files, by this unit.
const IN_MEMORY: u64 = (1 << 40) - 1;
const UNIT_OF_FILES: u64 = 64 << 10;

/// Of the client's address.
mod family {
    pub(super) const V4: u8 = 0;
    pub(super) const V6: u8 = 1;
    /// Its process and user stand in the place of an address.
    pub(super) const UNIX: u8 = 2;
}

/// Where a session lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Where {
    pub(crate) remote: Remote,
    pub(crate) listener: u8,
    pub(crate) reactor: u16,
    pub(crate) worker: u16,
}

/// What a session's life has come to, as every process sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// The master is handing it over: it is nobody's business yet, and the descriptor is still the master's.
    Arriving,
    Open,
    Closing(CloseReason),
}

impl Phase {
    /// Whether output is still sent: to a client that stopped talking, or in a shutdown, yes; once the server has said that it is over,
    /// no. What came before something that is no package is answered as ever.
    pub(crate) fn takes_output(self) -> bool {
        matches!(
            self,
            Self::Open | Self::Closing(CloseReason::Peer | CloseReason::Protocol | CloseReason::Shutdown | CloseReason::WorkerDied)
        )
    }

    /// Whether `on_receive` still gets what came in: once the server has said that it is over, or a record was lost, no.
    pub(crate) fn takes_input(self) -> bool {
        matches!(self, Self::Open | Self::Closing(CloseReason::Peer | CloseReason::Protocol | CloseReason::Shutdown))
    }
}

/// What the reactor still has to do for a session, each flag a fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Flags(pub(super) u32);

impl Flags {
    /// `connect` is not published yet.
    pub(crate) const CONNECT_DUE: Self = Self(1);
    /// The socket may have something to read.
    pub(crate) const READABLE: Self = Self(1 << 1);
    /// Only a read that finds nothing ends the reading.
    pub(crate) const READ_TO_END: Self = Self(1 << 2);
    /// `close` is not published yet, and is to be.
    pub(crate) const CLOSE_DUE: Self = Self(1 << 3);
    /// `close` is published.
    pub(crate) const CLOSE_PUBLISHED: Self = Self(1 << 4);
    /// The worker has run `on_close`.
    pub(crate) const CLOSE_ANSWERED: Self = Self(1 << 5);
    /// The socket is closed; the row waits for the worker's answer.
    pub(crate) const SOCKET_GONE: Self = Self(1 << 6);
    /// In the list of those that wait for room.
    pub(crate) const WAITS_FOR_ROOM: Self = Self(1 << 7);
    /// In the list of those with more to read.
    pub(crate) const READS_ON: Self = Self(1 << 8);
    /// A unix socket, for as long as it is one: a short read says nothing there.
    pub(crate) const IS_UNIX: Self = Self(1 << 9);
    /// It is some user's, for as long as it is one.
    pub(crate) const IS_BOUND: Self = Self(1 << 16);
    /// Its worker is to be asked whether it is through with what it has of it.
    pub(crate) const THROUGH_DUE: Self = Self(1 << 17);
    /// Its worker was asked that: nothing is published before it answers.
    pub(crate) const AWAITS_WORKER: Self = Self(1 << 18);
    /// The worker of its next package is chosen.
    pub(crate) const CHOSEN: Self = Self(1 << 19);
    /// It ends, and those that were given something of it are asked one after the other whether they are through.
    pub(crate) const ASKS_AROUND: Self = Self(1 << 20);

    /// Nothing of it is read until somebody says so.
    pub(crate) const PAUSED: Self = Self(1 << 10);
    /// No silence ends it.
    pub(crate) const PROTECTED: Self = Self(1 << 11);
    /// As much output waits as the high watermark says; until as little as the low one does.
    pub(crate) const IS_FULL: Self = Self(1 << 12);
    /// `buffer_full`, `buffer_empty` are not published yet, and are to be.
    pub(crate) const FULL_DUE: Self = Self(1 << 13);
    pub(crate) const EMPTY_DUE: Self = Self(1 << 14);
    /// So much of it is on its way to its worker that nothing more is read.
    pub(crate) const HELD_BACK: Self = Self(1 << 15);
    /// In the list of those with more of a file to send.
    pub(crate) const WRITES_ON: Self = Self(1 << 21);
    /// So many files wait for it that it is sent no other.
    pub(crate) const MANY_FILES: Self = Self(1 << 22);

    /// What stays so when a session goes on in another process.
    #[cfg(feature = "cli")]
    pub(super) const LASTING: u32 = Self::CONNECT_DUE.0
        | Self::CLOSE_ANSWERED.0
        | Self::SOCKET_GONE.0
        | Self::IS_UNIX.0
        | Self::IS_BOUND.0
        | Self::PAUSED.0
        | Self::PROTECTED.0
        | Self::IS_FULL.0
        | Self::FULL_DUE.0
        | Self::EMPTY_DUE.0;

    /// None of them.
    #[cfg(feature = "cli")]
    pub(crate) const NONE: Self = Self(0);

    /// Whether one of those is among these.
    #[cfg(feature = "cli")]
    pub(crate) fn contains(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Row {
    pub(super) fn fill(&self, at: Where, descriptor: u32, now_ms: u64) {
        let (family, address, port) = match at.remote {
            Remote::Internet(SocketAddr::V4(at)) => (family::V4, u128::from(u32::from(*at.ip())), at.port()),
            Remote::Internet(SocketAddr::V6(at)) => (family::V6, u128::from(*at.ip()), at.port()),
            Remote::Unix { pid, uid } => (family::UNIX, u128::from(pid) << 64 | u128::from(uid), 0),
        };
        self.address[0].store((address >> 64) as u64, Ordering::Relaxed);
        self.address[1].store(address as u64, Ordering::Relaxed);
        let place = u64::from(port)
            | u64::from(family) << 16
            | u64::from(at.listener) << 24
            | u64::from(at.reactor) << 32
            | u64::from(at.worker) << 48;
        self.place.store(place, Ordering::Relaxed);
        for (field, value) in [
            (&self.accepted_ms, now_ms),
            (&self.received_ms, 0),
            (&self.sent_ms, 0),
            (&self.bytes_in, 0),
            (&self.bytes_out, 0),
            (&self.queued, 0),
            (&self.uid, 0),
            (&self.underway_to, 0),
        ] {
            field.store(value, Ordering::Relaxed);
        }
        self.closing.store(ARRIVING, Ordering::Relaxed);
        self.descriptor.store(descriptor, Ordering::Relaxed);
        let flags = if family == family::UNIX { Flags::CONNECT_DUE.and(Flags::IS_UNIX) } else { Flags::CONNECT_DUE };
        self.flags.store(flags.0, Ordering::Relaxed);
        self.queue.store(0, Ordering::Relaxed);
        self.tail.store(0, Ordering::Relaxed);
        self.underway.store(0, Ordering::Relaxed);
        self.given.store(0, Ordering::Relaxed);
        self.behind.store(0, Ordering::Relaxed);
    }

    pub(crate) fn place(&self) -> Where {
        let [high, low] = [0, 1].map(|half| self.address[half].load(Ordering::Relaxed));
        whereabouts(high, low, self.place.load(Ordering::Relaxed))
    }

    pub(crate) fn worker(&self) -> usize {
        (self.place.load(Ordering::Relaxed) >> 48) as usize
    }

    pub(crate) fn listener(&self) -> u8 {
        (self.place.load(Ordering::Relaxed) >> 24) as u8
    }

    pub(crate) fn reactor(&self) -> usize {
        (self.place.load(Ordering::Relaxed) >> 32) as usize & 0xffff
    }

    /// [reactor] From now on this worker has it. Never while it stands in a list of those that wait for room.
    pub(crate) fn move_to(&self, worker: usize) {
        let place = self.place.load(Ordering::Relaxed) & !(0xffff << 48);
        self.place.store(place | (worker as u64) << 48, Ordering::Relaxed);
    }

    /// [reactor] It is this user's from now on.
    pub(crate) fn bind(&self, uid: u64) {
        self.uid.store(uid, Ordering::Relaxed);
        // Release, label "uid".
        self.flags.store(self.flags.load(Ordering::Relaxed) | Flags::IS_BOUND.0, Ordering::Release);
    }

    /// Whose it is, if it is somebody's.
    pub(crate) fn uid(&self) -> Option<u64> {
        // Acquire, label "uid": who sees the flag sees the number.
        (self.flags.load(Ordering::Acquire) & Flags::IS_BOUND.0 != 0).then(|| self.uid.load(Ordering::Relaxed))
    }

    /// [reactor] This worker was given something of it.
    pub(crate) fn give(&self, worker: usize) {
        self.given.store(self.given.load(Ordering::Relaxed) | 1 << (worker % 32), Ordering::Relaxed);
    }

    /// [reactor] The first of the workers in this range that may have been given something of it.
    pub(crate) fn first_given(&self, mut workers: core::ops::Range<usize>) -> Option<usize> {
        let given = self.given.load(Ordering::Relaxed);
        workers.find(|worker| given & 1 << (worker % 32) != 0)
    }

    pub(crate) fn accepted_ms(&self) -> u64 {
        self.accepted_ms.load(Ordering::Relaxed)
    }

    pub(crate) fn phase(&self) -> Phase {
        let word = self.closing.load(Ordering::Relaxed);
        match CloseReason::from_u8(word as u8) {
            Some(reason) => Phase::Closing(reason),
            None if word == ARRIVING => Phase::Arriving,
            None => Phase::Open,
        }
    }

    /// [reactor] The master has handed the session over.
    pub(crate) fn arrive(&self) {
        if self.closing.load(Ordering::Relaxed) == ARRIVING {
            self.closing.store(0, Ordering::Relaxed);
        }
    }

    /// [reactor] The descriptor; meaningless in any other process.
    pub(crate) fn descriptor(&self) -> i32 {
        self.descriptor.load(Ordering::Relaxed).cast_signed()
    }

    /// [reactor] The session begins to close, for the first reason that comes.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.closing.store(reason as u32, Ordering::Relaxed);
    }

    /// [reactor] Whether any of these flags is set.
    pub(crate) fn has(&self, flags: Flags) -> bool {
        self.flags.load(Ordering::Relaxed) & flags.0 != 0
    }

    /// [reactor] Sets them. Plain load and store: the row's reactor alone writes flags.
    pub(crate) fn set(&self, flags: Flags) {
        self.flags.store(self.flags.load(Ordering::Relaxed) | flags.0, Ordering::Relaxed);
    }

    /// [reactor] Clears them.
    pub(crate) fn clear(&self, flags: Flags) {
        self.flags.store(self.flags.load(Ordering::Relaxed) & !flags.0, Ordering::Relaxed);
    }

    /// [reactor] The row behind this one in the list of those that wait for room.
    pub(crate) fn wait_before(&self, row_plus_one: u32) {
        // Relaxed: the reactor's alone.
        self.behind.store(row_plus_one, Ordering::Relaxed);
    }

    /// [reactor] Leaves that list, and says who was behind.
    pub(crate) fn take_behind(&self) -> u32 {
        // Relaxed: the reactor's alone; load and store, since nobody else writes it.
        let behind = self.behind.load(Ordering::Relaxed);
        self.behind.store(0, Ordering::Relaxed);
        behind
    }

    /// How much output waits that takes memory, in bytes.
    pub(crate) fn queued_in_memory(&self) -> u64 {
        self.queued.load(Ordering::Relaxed) & IN_MEMORY
    }

    /// All output that waits; of what lies in files at most a unit more.
    pub(crate) fn queued(&self) -> u64 {
        let word = self.queued.load(Ordering::Relaxed);
        (word & IN_MEMORY) + (word >> 40) * UNIT_OF_FILES
    }

    /// [reactor] Where it is more than the word can say, it says as much as it can.
    pub(crate) fn set_queued(&self, in_memory: u64, in_files: u64) {
        let units = in_files.div_ceil(UNIT_OF_FILES).min((1 << 24) - 1);
        self.queued.store(in_memory.min(IN_MEMORY) | units << 40, Ordering::Relaxed);
    }

    /// [reactor] Adds to a counter that only the row's reactor writes.
    pub(crate) fn count(counter: &AtomicU64, more: u64) {
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
    }
}

/// What address and place of a row say.
pub(super) fn whereabouts(high: u64, low: u64, place: u64) -> Where {
    let [p0, p1, family, listener, r0, r1, w0, w1] = place.to_le_bytes();
    let address = u128::from(high) << 64 | u128::from(low);
    let port = u16::from_le_bytes([p0, p1]);
    let remote = match family {
        family::UNIX => Remote::Unix { pid: (address >> 64) as u32, uid: address as u32 },
        family::V6 => Remote::Internet(SocketAddr::new(Ipv6Addr::from(address).into(), port)),
        _ => Remote::Internet(SocketAddr::new(Ipv4Addr::from(address as u32).into(), port)),
    };
    Where { remote, listener, reactor: u16::from_le_bytes([r0, r1]), worker: u16::from_le_bytes([w0, w1]) }
}
