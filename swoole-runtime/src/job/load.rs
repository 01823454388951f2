//! What a job carries, and where: in its cell, or in a file where it is too large for one. Used by workers and task workers.
//!
//! If a process dies here: the manager removes the files of what nobody reads any more, as far as cells name them; the master at its end
//! removes the others, and whoever starts the next server what a dead one has left.

use super::{
    pool::{Pool, Taken},
    state::{Phase, State},
};
use crate::shm::{Bytes, Piece};
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// How long it is, and whether it lies in a file; one word of the cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Load {
    pub(crate) length: u32,
    pub(crate) is_in_file: bool,
}

impl Load {
    pub(crate) fn word(self) -> u64 {
        u64::from(self.length) | u64::from(self.is_in_file) << 32
    }

    pub(crate) fn of(word: u64) -> Self {
        Self { length: word as u32, is_in_file: word >> 32 & 1 == 1 }
    }
}

/// The two halves of a cell's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Half {
    Input,
    Output,
    /// No half of a job: a message between processes, which has no output.
    Message,
}

/// Where the bytes of a pool's cells lie.
#[derive(Clone, Copy)]
pub(crate) struct Loads {
    bytes: Bytes,
    /// How many each half has.
    half: usize,
}

impl Loads {
    pub(crate) fn new(bytes: Bytes, half: usize) -> Self {
        Self { bytes, half }
    }

    /// All of a half, or its beginning; `None` for a length that another process made up.
    fn piece(&self, cell: usize, half: Half, length: usize) -> Option<Piece> {
        let from = (2 * cell + usize::from(half == Half::Output)) * self.half;
        (length <= self.half).then(|| self.bytes.piece(from, length)).flatten()
    }

    /// [worker] Writes a job into a free cell of its own pool; `None` when it is not free.
    pub(crate) fn write_input<R>(&self, pool: &Pool<'_>, cell: usize, write: impl FnOnce(&mut [u8]) -> R) -> Option<R> {
        if pool.cells[cell].state().phase != Phase::Free {
            return None;
        }
        let piece = self.piece(cell, Half::Input, self.half)?;
        // SAFETY: nobody else reads or writes a free cell, and only its own worker fills it; guaranteed by the state looked at above, and by
        // the caller being that worker.
        Some(write(unsafe { piece.as_mut_slice() }))
    }

    /// [task worker] The job that it has taken, for as long as it is at it.
    pub(crate) fn input<'a>(&self, taken: &'a Taken, length: usize) -> Option<&'a [u8]> {
        let piece = self.piece(taken.cell, Half::Input, length)?;
        // SAFETY: what is taken is written by nobody until its end; guaranteed by the states of `JobCell`. A worker gone wild may write all
        // the same: then the job is nonsense, and nothing else happens.
        Some(unsafe { piece.as_slice() })
    }

    /// [task worker] Writes the output of the job that it has taken.
    pub(crate) fn write_output<R>(&self, taken: &Taken, write: impl FnOnce(&mut [u8]) -> R) -> Option<R> {
        let piece = self.piece(taken.cell, Half::Output, self.half)?;
        // SAFETY: the output of what is taken is written by its holder alone, and read by nobody before it is done; guaranteed by the
        // states of `JobCell`.
        Some(write(unsafe { piece.as_mut_slice() }))
    }

    /// [worker] The output of a job that is done and not released.
    pub(crate) fn output<'a>(&self, cell: usize, done: &'a State, length: usize) -> Option<&'a [u8]> {
        let piece = self.piece(cell, Half::Output, length).filter(|_| done.phase == Phase::Done)?;
        // SAFETY: what is done is written by nobody until its worker releases it; guaranteed by the states of `JobCell`, and by the caller
        // being that worker.
        Some(unsafe { piece.as_slice() })
    }
}

/// The files of one server.
pub(crate) struct Files<'a> {
    pub(crate) directory: &'a str,
    pub(crate) master: u32,
}

impl Files<'_> {
    fn path(&self, job: u64, half: Half) -> PathBuf {
        let half = match half {
            Half::Input => "in",
            Half::Output => "out",
            Half::Message => "msg",
        };
        Path::new(self.directory).join(format!("swoole-{}-{job}.{half}", self.master))
    }

    pub(crate) fn write(&self, job: u64, half: Half, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(job, half);
        let written = create(&path).or_else(|e| {
            if e.kind() != io::ErrorKind::AlreadyExists {
                return Err(e);
            }
            // Nothing of this server: no two jobs share a number.
            fs::remove_file(&path)?;
            create(&path)
        });
        written.and_then(|mut file| file.write_all(bytes)).inspect_err(|_| {
            // What a full disk has left of it is of no use.
            let _ = fs::remove_file(&path);
        })
    }

    /// Reads a file, which is gone then.
    pub(crate) fn take(&self, job: u64, half: Half) -> io::Result<Vec<u8>> {
        let path = self.path(job, half);
        let bytes = fs::read(&path)?;
        fs::remove_file(&path)?;
        Ok(bytes)
    }

    /// What nobody reads any more.
    pub(crate) fn remove(&self, job: u64, half: Half) {
        let _ = fs::remove_file(self.path(job, half));
    }

    /// [manager, worker] The same for a job that died with whoever was at it: nobody knows how far that was.
    pub(crate) fn remove_both(&self, job: u64) {
        self.remove(job, Half::Input);
        self.remove(job, Half::Output);
    }
}

/// A new file, which nobody else may read: the directory may be everybody's.
fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// [master] Removes what servers have left that are dead, and what this one has left: before its first job, and after its last.
pub(crate) fn remove_leftovers(directory: &str) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("swoole-")?.split_once('-')).and_then(|(pid, rest)| {
            let is_ours = [".in", ".out", ".msg"].iter().any(|half| rest.ends_with(half));
            pid.parse::<u32>().ok().filter(|_| is_ours)
        });
        if owner.is_some_and(|pid| pid == std::process::id() || !Path::new("/proc").join(pid.to_string()).exists()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
