//! What the kernel has not taken yet: a queue for each session that has any, of chunks of bytes from a pool that shrinks again, and of files.

use crate::{
    event::FilePart,
    session::{Flags, Row},
    shm::Piece,
    sync::Ordering,
    sys::socket,
};
use nix::errno::Errno;
use std::{collections::VecDeque, fs::File, io::IoSlice, os::fd::RawFd};

/// How much one chunk holds.
const CHUNK: usize = 16 << 10;

/// How many empty chunks are kept for the next slow client.
const SPARE: usize = 64;

/// How many places for chunks an empty queue keeps.
const KEPT_PLACES: usize = 16;

/// How many chunks one call sends.
const PARTS: usize = 32;

/// While so many files wait for one client, its workers send it no other: each is a descriptor of the master.
const MOST_FILES: usize = 16;

/// How much of its files one session is sent before others come.
const FILE_TURN: u64 = 1 << 20;

/// All queues of one reactor.
pub(super) struct Outputs {
    queues: Vec<Queue>,
    free: Vec<u32>,
    pool: Vec<Box<[u8; CHUNK]>>,
    /// Bytes in memory; those of files are not counted.
    total: u64,
    /// Files of all queues.
    files: u64,
}

#[derive(Default)]
struct Queue {
    parts: VecDeque<Part>,
    /// How many bytes of it are chunks.
    in_chunks: u64,
    /// How many lie in files, and in how many.
    in_files: u64,
    files: usize,
}

pub(super) enum Part {
    Chunk(Chunk),
    File { file: File, offset: u64, left: u64 },
}

pub(super) struct Chunk {
    bytes: Box<[u8; CHUNK]>,
    from: usize,
    to: usize,
}

#[cfg(feature = "cli")]
impl Chunk {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.from..self.to]
    }
}

/// What one flush came to.
pub(super) struct Flushed {
    pub(super) sent: u64,
    /// The kernel would take more, and others come first.
    pub(super) goes_on: bool,
}

/// Why nothing more can be sent to a session.
pub(super) enum Broken {
    /// Its socket takes nothing any more.
    Socket,
    /// The file has ended before what was asked for.
    Shorter,
    /// The file cannot be read.
    File(Errno),
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
        Self { queues: Vec::new(), free: Vec::new(), pool: Vec::new(), total: 0, files: 0 }
    }

    /// How many bytes all queues hold in memory.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// How many files all queues hold.
    pub(super) fn files(&self) -> u64 {
        self.files
    }

    /// Puts the bytes behind what already waits for this session.
    pub(super) fn append(&mut self, row: &Row, piece: &Piece) {
        self.fill(row, piece.length(), |from, into| piece.after(from).copy_to(into));
    }

    /// The same with bytes of this process.
    #[cfg(feature = "cli")]
    pub(super) fn append_bytes(&mut self, row: &Row, bytes: &[u8]) {
        self.fill(row, bytes.len(), |from, into| {
            let length = into.len().min(bytes.len() - from);
            into[..length].copy_from_slice(&bytes[from..from + length]);
            length
        });
    }

    /// Puts so many bytes there; `copy` copies those from a place on, and says how many.
    fn fill(&mut self, row: &Row, length: usize, copy: impl Fn(usize, &mut [u8]) -> usize) {
        let place = self.place(row);
        let queue = &mut self.queues[place];
        let mut from = 0;
        while from < length {
            if !matches!(queue.parts.back(), Some(Part::Chunk(last)) if last.to < CHUNK) {
                let bytes = self.pool.pop().unwrap_or_else(|| Box::new([0; CHUNK]));
                queue.parts.push_back(Part::Chunk(Chunk { bytes, from: 0, to: 0 }));
            }
            let Some(Part::Chunk(last)) = queue.parts.back_mut() else {
                return;
            };
            let copied = copy(from, &mut last.bytes[last.to..]);
            last.to += copied;
            from += copied;
        }
        queue.in_chunks += length as u64;
        self.total += length as u64;
        queue.show(row);
    }

    /// Puts a part of a file behind what already waits for this session.
    pub(super) fn append_file(&mut self, row: &Row, file: File, part: FilePart) {
        let place = self.place(row);
        let queue = &mut self.queues[place];
        queue.parts.push_back(Part::File { file, offset: part.offset, left: part.length });
        // What a worker gone wild asks for may be more than a number holds: it is a measure.
        queue.in_files = queue.in_files.saturating_add(part.length);
        queue.files += 1;
        self.files += 1;
        queue.show(row);
    }

    /// Where the queue of this session is, which may be a new one.
    fn place(&mut self, row: &Row) -> usize {
        // Relaxed: only this reactor writes it.
        let mut place = row.queue.load(Ordering::Relaxed);
        if place == 0 {
            place = self.free.pop().unwrap_or_else(|| {
                self.queues.push(Queue::default());
                self.queues.len() as u32
            });
            row.queue.store(place, Ordering::Relaxed);
        }
        place as usize - 1
    }

    /// Sends what waits for this session as far as the kernel takes it, of files so much as one turn may. An empty queue goes.
    pub(super) fn flush(&mut self, row: &Row) -> Result<Flushed, Broken> {
        // Relaxed: only this reactor writes it.
        let Some(place) = (row.queue.load(Ordering::Relaxed) as usize).checked_sub(1) else {
            return Ok(Flushed { sent: 0, goes_on: false });
        };
        let (mut sent, mut of_files) = (0, 0);
        let mut goes_on = false;
        while let Some(first) = self.queues[place].parts.front() {
            let done = match first {
                Part::Chunk(_) => self.send_chunks(place, row.descriptor()),
                Part::File { .. } if of_files >= FILE_TURN => {
                    goes_on = true;
                    break;
                }
                Part::File { .. } => self.send_file(place, row.descriptor(), FILE_TURN - of_files).inspect(|sent| of_files += sent),
            };
            match done {
                Ok(more) => sent += more,
                Err(Refused::Full) => break,
                Err(Refused::Broken(why)) => return Err(why),
            }
        }
        if self.queues[place].parts.is_empty() {
            self.drop_queue(row);
        } else {
            self.queues[place].show(row);
        }
        Ok(Flushed { sent, goes_on })
    }

    /// The chunks before the first file.
    fn send_chunks(&mut self, place: usize, fd: RawFd) -> Result<u64, Refused> {
        let mut parts = [IoSlice::new(&[]); PARTS];
        let chunks = self.queues[place].parts.iter().map_while(|part| match part {
            Part::Chunk(chunk) => Some(chunk),
            Part::File { .. } => None,
        });
        let count = parts.iter_mut().zip(chunks).map(|(part, chunk)| *part = IoSlice::new(&chunk.bytes[chunk.from..chunk.to])).count();
        match socket::send_parts(fd, &parts[..count]) {
            Ok(sent) => {
                self.sent(place, sent);
                Ok(sent as u64)
            }
            Err(Errno::EINTR) => Ok(0),
            Err(Errno::EAGAIN) => Err(Refused::Full),
            Err(_) => Err(Refused::Broken(Broken::Socket)),
        }
    }

    /// At most so much of the file that comes first.
    fn send_file(&mut self, place: usize, fd: RawFd, most: u64) -> Result<u64, Refused> {
        let queue = &mut self.queues[place];
        let Some(Part::File { file, offset, left }) = queue.parts.front_mut() else { return Ok(0) };
        let sent = match socket::send_file(fd, file, *offset, (*left).min(most) as usize) {
            Ok(0) => return Err(Refused::Broken(Broken::Shorter)),
            Ok(sent) => sent as u64,
            Err(Errno::EINTR) => return Ok(0),
            Err(Errno::EAGAIN) => return Err(Refused::Full),
            Err(errno) if OF_FILES.contains(&errno) => return Err(Refused::Broken(Broken::File(errno))),
            Err(_) => return Err(Refused::Broken(Broken::Socket)),
        };
        *offset += sent;
        *left -= sent;
        let is_through = *left == 0;
        queue.in_files = queue.in_files.saturating_sub(sent);
        if is_through {
            queue.files -= 1;
            self.files -= 1;
            queue.parts.pop_front();
        }
        Ok(sent)
    }

    fn sent(&mut self, place: usize, mut sent: usize) {
        let queue = &mut self.queues[place];
        queue.in_chunks -= sent as u64;
        self.total -= sent as u64;
        while let Some(Part::Chunk(first)) = queue.parts.front_mut() {
            let here = (first.to - first.from).min(sent);
            first.from += here;
            sent -= here;
            if first.from < first.to {
                break;
            }
            if let Some(Part::Chunk(empty)) = queue.parts.pop_front() {
                spare(&mut self.pool, empty);
            }
        }
    }

    /// What waits for this session, which has nothing then.
    #[cfg(feature = "cli")]
    pub(super) fn take_queue(&mut self, row: &Row) -> VecDeque<Part> {
        // Relaxed: only this reactor writes it.
        let Some(index) = (row.queue.load(Ordering::Relaxed) as usize).checked_sub(1) else { return VecDeque::new() };
        let queue = &mut self.queues[index];
        let parts = core::mem::take(&mut queue.parts);
        self.total -= queue.in_chunks;
        self.files -= queue.files as u64;
        (queue.in_chunks, queue.files) = (0, 0);
        self.drop_queue(row);
        parts
    }

    /// Forgets what waits for this session.
    pub(super) fn drop_queue(&mut self, row: &Row) {
        // Relaxed: only this reactor writes it.
        let place = row.queue.swap(0, Ordering::Relaxed);
        let Some(index) = (place as usize).checked_sub(1) else {
            return;
        };
        let queue = &mut self.queues[index];
        self.total -= queue.in_chunks;
        self.files -= queue.files as u64;
        while let Some(part) = queue.parts.pop_front() {
            // A file is closed by that.
            if let Part::Chunk(chunk) = part {
                spare(&mut self.pool, chunk);
            }
        }
        (queue.in_chunks, queue.in_files, queue.files) = (0, 0, 0);
        // A few places stay, so that a client that is slow now and then costs no allocation.
        queue.parts.shrink_to(KEPT_PLACES);
        queue.show(row);
        self.free.push(place);
    }
}

impl Queue {
    /// For the processes that ask how much waits for this session.
    fn show(&self, row: &Row) {
        row.set_queued(self.in_chunks, self.in_files);
        if self.files >= MOST_FILES {
            row.set(Flags::MANY_FILES);
        } else {
            row.clear(Flags::MANY_FILES);
        }
    }
}

/// Why nothing more is sent now.
enum Refused {
    Full,
    Broken(Broken),
}

/// What `sendfile` says of the file, and not of the socket.
const OF_FILES: [Errno; 10] = [
    Errno::EIO,
    Errno::EINVAL,
    Errno::EOVERFLOW,
    Errno::ENOMEM,
    Errno::ENOSYS,
    Errno::ESTALE,
    Errno::EACCES,
    Errno::EBADF,
    Errno::ENODATA,
    Errno::EREMOTEIO,
];

fn spare(pool: &mut Vec<Box<[u8; CHUNK]>>, chunk: Chunk) {
    if pool.len() < SPARE {
        pool.push(chunk.bytes);
    }
}
