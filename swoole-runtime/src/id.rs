//! Names of things that live in shared memory: sessions, workers, reactors. Used by every layer, in every process.

use core::{fmt, num::NonZeroU64};
use serde_core::{Deserialize, Deserializer, Serialize, Serializer};

/// One accepted stream connection; what the original calls `$fd`.
///
/// Given out by the server, starting at 1 and rising by at least one per accept; never the operating system's descriptor, and never
/// used again while the server runs. An id that is kept longer than its session does no harm: calls answer
/// [`SendError::NoSuchSession`](crate::SendError::NoSuchSession).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct SessionId(NonZeroU64);

impl SessionId {
    /// The id with this number; `None` for 0, which no session ever has.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The id after this one.
    pub(crate) const fn following(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number, to keep it elsewhere or to print it.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({})", self.0)
    }
}

/// The place of a worker process, from 0 to `workers` − 1; task workers count on from there, and user processes behind them. What the
/// original calls `$worker_id`.
///
/// A replaced worker passes its number on to its successor. Where a call takes one, its number does as well: `send_message(1, &message)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct WorkerId(u16);

impl WorkerId {
    /// The worker in this place.
    #[must_use]
    pub const fn new(slot: u16) -> Self {
        Self(slot)
    }

    /// The number, from 0.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<u16> for WorkerId {
    fn from(slot: u16) -> Self {
        Self(slot)
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One job that was handed to a task worker; what the original calls `$task_id`.
///
/// Rises by one per job, over all workers of the server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(transparent)]
pub struct TaskId(u64);

impl TaskId {
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, to print it.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One timer of this process; what `tick` and `after` return in the original.
///
/// Rises with each timer that a process makes, from 1, and is never used again: an id that is kept longer than its timer does no harm. It
/// means nothing to another process, nor to the successor of this one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId {
    number: NonZeroU64,
    slot: u32,
}

impl TimerId {
    pub(crate) const fn new(number: NonZeroU64, slot: u32) -> Self {
        Self { number, slot }
    }

    /// The number, to print it.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.number.get()
    }

    pub(crate) const fn slot(self) -> usize {
        self.slot as usize
    }
}

impl fmt::Display for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.number, f)
    }
}

impl fmt::Debug for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimerId({})", self.number)
    }
}

/// As their numbers: a job says by them whom it is for.
macro_rules! as_number {
    ($($id:ident by $number:ty),+) => { $(
        impl Serialize for $id {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$number>::deserialize(deserializer).map(Self)
            }
        }
    )+ };
}

as_number!(SessionId by NonZeroU64, WorkerId by u16, TaskId by u64);
