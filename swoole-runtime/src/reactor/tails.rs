//! What has come in and is no whole package yet: the bytes of each session that has any, in memory that the next one takes over.

use crate::{frame::Progress, id::SessionId, session::Row, sync::Ordering};

/// How many empty buffers are kept for the next package that comes in parts, and how large one may be to be kept.
const SPARE: usize = 64;
const LARGEST_SPARE: usize = 64 << 10;

/// All of one reactor.
#[derive(Default)]
pub(super) struct Tails {
    tails: Vec<Tail>,
    free: Vec<u32>,
    pool: Vec<Vec<u8>>,
    total: u64,
}

/// What one session has.
#[derive(Default)]
struct Tail {
    session: Option<SessionId>,
    bytes: Vec<u8>,
    /// So many of them are on their way already.
    from: usize,
    progress: Progress,
}

impl Tails {
    /// How many bytes all sessions have here.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    fn place(row: &Row) -> Option<usize> {
        // Relaxed: only this reactor writes it.
        (row.tail.load(Ordering::Relaxed) as usize).checked_sub(1)
    }

    /// What this session has, and how far it was looked at.
    pub(super) fn of(&mut self, row: &Row) -> Option<(&[u8], &mut Progress)> {
        let tail = &mut self.tails[Self::place(row)?];
        Some((&tail.bytes[tail.from..], &mut tail.progress))
    }

    /// The first so many bytes are on their way. A session whose last ones are has none.
    pub(super) fn take(&mut self, row: &Row, length: usize) {
        let Some(place) = Self::place(row) else { return };
        let tail = &mut self.tails[place];
        tail.from += length;
        self.total -= length as u64;
        if tail.from == tail.bytes.len() {
            self.drop_tail(row);
        }
    }

    /// Nothing more of it is whole: a little that is left of much keeps no more memory than it needs.
    pub(super) fn settle(&mut self, row: &Row) {
        let Some(place) = Self::place(row) else { return };
        let tail = &mut self.tails[place];
        if tail.from > LARGEST_SPARE {
            tail.bytes = tail.bytes.split_off(tail.from);
            tail.from = 0;
        }
    }

    /// The session that has the most here, and how much.
    pub(super) fn largest(&self) -> Option<(SessionId, usize)> {
        let all = self.tails.iter().filter_map(|tail| Some((tail.session?, tail.bytes.len() - tail.from)));
        all.max_by_key(|(_, length)| *length)
    }

    /// Keeps these bytes for a session that has none.
    pub(super) fn keep(&mut self, session: SessionId, row: &Row, bytes: &[u8], progress: Progress) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.tails.push(Tail::default());
            self.tails.len() as u32
        });
        // Relaxed: only this reactor writes it.
        row.tail.store(place, Ordering::Relaxed);
        let mut buffer = self.pool.pop().unwrap_or_default();
        buffer.extend_from_slice(bytes);
        self.total += bytes.len() as u64;
        self.tails[place as usize - 1] = Tail { session: Some(session), bytes: buffer, from: 0, progress };
    }

    /// Receives at most so many bytes behind what the session has.
    pub(super) fn receive<E>(&mut self, row: &Row, most: usize, receive: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        let Some(place) = Self::place(row) else { return Ok(0) };
        let tail = &mut self.tails[place];
        tail.bytes.drain(..core::mem::take(&mut tail.from));
        let length = tail.bytes.len();
        tail.bytes.resize(length + most, 0);
        let got = receive(&mut tail.bytes[length..]);
        let came = *got.as_ref().unwrap_or(&0);
        tail.bytes.truncate(length + came);
        self.total += came as u64;
        got
    }

    /// Forgets what this session has.
    pub(super) fn drop_tail(&mut self, row: &Row) {
        let Some(place) = Self::place(row) else { return };
        // Relaxed: only this reactor writes it.
        row.tail.store(0, Ordering::Relaxed);
        let Tail { mut bytes, from, .. } = core::mem::take(&mut self.tails[place]);
        self.total -= (bytes.len() - from) as u64;
        self.free.push(place as u32 + 1);
        if self.pool.len() < SPARE && bytes.capacity() <= LARGEST_SPARE {
            bytes.clear();
            self.pool.push(bytes);
        }
    }
}
