//! What the kernel has not taken yet: a queue of chunks for each session that has any, chunks from a pool that shrinks again.

use crate::{session::Row, shm::Piece, sync::Ordering, sys::socket};
use nix::errno::Errno;
use std::{collections::VecDeque, io::IoSlice, os::fd::RawFd};

/// How much one chunk holds.
const CHUNK: usize = 16 << 10;

/// How many empty chunks are kept for the next slow client.
const SPARE: usize = 64;

/// How many places for chunks an empty queue keeps.
const KEPT_PLACES: usize = 16;

/// How many chunks one call sends.
const PARTS: usize = 32;

/// All queues of one reactor.
pub(super) struct Outputs {
    queues: Vec<Queue>,
    free: Vec<u32>,
    pool: Vec<Box<[u8; CHUNK]>>,
    total: u64,
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Chunk>,
    length: u64,
}

struct Chunk {
    bytes: Box<[u8; CHUNK]>,
    from: usize,
    to: usize,
}

/// Sends from shared memory as much as the kernel takes.
pub(super) fn send(fd: RawFd, piece: &Piece) -> Result<usize, Errno> {
    loop {
        match piece.send(fd) {
            Err(Errno::EINTR) => {}
            sent => return sent,
        }
    }
}

impl Outputs {
    pub(super) fn new() -> Self {
        Self { queues: Vec::new(), free: Vec::new(), pool: Vec::new(), total: 0 }
    }

    /// How many bytes all queues hold.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Puts the bytes behind what already waits for this session.
    pub(super) fn append(&mut self, row: &Row, piece: &Piece) {
        // Relaxed: only this reactor writes it.
        let mut place = row.queue.load(Ordering::Relaxed);
        if place == 0 {
            place = self.free.pop().unwrap_or_else(|| {
                self.queues.push(Queue::default());
                self.queues.len() as u32
            });
            row.queue.store(place, Ordering::Relaxed);
        }
        let queue = &mut self.queues[place as usize - 1];
        let mut rest = *piece;
        while rest.length() > 0 {
            if queue.chunks.back().is_none_or(|last| last.to == CHUNK) {
                let bytes = self.pool.pop().unwrap_or_else(|| Box::new([0; CHUNK]));
                queue.chunks.push_back(Chunk { bytes, from: 0, to: 0 });
            }
            let Some(last) = queue.chunks.back_mut() else {
                return;
            };
            let copied = rest.copy_to(&mut last.bytes[last.to..]);
            last.to += copied;
            rest = rest.after(copied);
        }
        queue.length += piece.length() as u64;
        self.total += piece.length() as u64;
        // Relaxed: a measure.
        row.queued.store(queue.length, Ordering::Relaxed);
    }

    /// Sends what waits for this session as far as the kernel takes it, and says how much that was. An empty queue goes.
    pub(super) fn flush(&mut self, row: &Row) -> Result<u64, Errno> {
        // Relaxed: only this reactor writes it.
        let Some(place) = (row.queue.load(Ordering::Relaxed) as usize).checked_sub(1) else {
            return Ok(0);
        };
        let before = self.queues[place].length;
        while self.queues[place].length > 0 {
            let queue = &mut self.queues[place];
            let mut parts = [IoSlice::new(&[]); PARTS];
            let count = queue.chunks.len().min(PARTS);
            for (part, chunk) in parts.iter_mut().zip(&queue.chunks) {
                *part = IoSlice::new(&chunk.bytes[chunk.from..chunk.to]);
            }
            match socket::send_parts(row.descriptor(), &parts[..count]) {
                Ok(sent) => self.sent(place, sent),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(errno) => return Err(errno),
            }
        }
        let left = self.queues[place].length;
        row.queued.store(left, Ordering::Relaxed);
        if left == 0 {
            self.drop_queue(row);
        }
        Ok(before - left)
    }

    fn sent(&mut self, place: usize, mut sent: usize) {
        let queue = &mut self.queues[place];
        queue.length -= sent as u64;
        self.total -= sent as u64;
        while let Some(first) = queue.chunks.front_mut() {
            let here = (first.to - first.from).min(sent);
            first.from += here;
            sent -= here;
            if first.from < first.to {
                break;
            }
            if let Some(empty) = queue.chunks.pop_front() {
                spare(&mut self.pool, empty);
            }
        }
    }

    /// Forgets what waits for this session.
    pub(super) fn drop_queue(&mut self, row: &Row) {
        // Relaxed: only this reactor writes it.
        let place = row.queue.swap(0, Ordering::Relaxed);
        let Some(index) = (place as usize).checked_sub(1) else {
            return;
        };
        let queue = &mut self.queues[index];
        self.total -= core::mem::take(&mut queue.length);
        while let Some(chunk) = queue.chunks.pop_front() {
            spare(&mut self.pool, chunk);
        }
        // A few places stay, so that a client that is slow now and then costs no allocation.
        queue.chunks.shrink_to(KEPT_PLACES);
        self.free.push(place);
        row.queued.store(0, Ordering::Relaxed);
    }
}

fn spare(pool: &mut Vec<Box<[u8; CHUNK]>>, chunk: Chunk) {
    if pool.len() < SPARE {
        pool.push(chunk.bytes);
    }
}
