//! The log as a file. The master has it as its standard output and standard error; all others print into a socket, which a thread of the
//! master reads, and puts time, process and pid before each line. So one process alone has the file open, and opens it anew for all.
//!
//! The log's own lines do not wait: what the socket does not take is counted and said later. Who prints faster than the disk takes it
//! waits. If the master dies, manager and standby add their last lines to the file themselves.

use super::{LOST, MARK, stamp};
use crate::sys::standard::{Collecting, Standard, add, open_log, pair, print_to};
use core::sync::atomic::{AtomicBool, Ordering};
use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Mutex,
    thread::JoinHandle,
};

/// Where the log goes, if to a file.
static PATH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Whether this process prints into the socket. Relaxed: set while it has one thread.
static IS_COLLECTED: AtomicBool = AtomicBool::new(false);

/// How much of a line without an end is kept for a process, in bytes.
const LONGEST: usize = 8 << 10;

/// How many processes that print are kept in mind.
const MOST: usize = 4096;

/// [master] The log of a server that has it in a file.
pub(crate) struct LogFile {
    before: Standard,
    collecting: Option<Collecting>,
    writing: OwnedFd,
    collector: Option<JoinHandle<()>>,
}

/// Whether lines must carry the mark of lines that are whole.
pub(super) fn is_collected() -> bool {
    IS_COLLECTED.load(Ordering::Relaxed)
}

/// For a process that has inherited the socket from another program.
pub(crate) fn prints_to_master(path: &str) {
    remember(Some(path.into()));
    IS_COLLECTED.store(true, Ordering::Relaxed);
}

fn remember(path: Option<PathBuf>) {
    if let Ok(mut there) = PATH.lock() {
        *there = path;
    }
}

fn path() -> Option<PathBuf> {
    PATH.lock().ok()?.clone()
}

/// [master] Opens the file anew, for all processes: what is at its path now is the log. `false` where the log is no file.
pub(crate) fn reopen() -> io::Result<bool> {
    let Some(path) = path().filter(|_| cfg!(feature = "cli")) else { return Ok(false) };
    // In one step: what a thread writes meanwhile is in one file or the other.
    print_to(open_log(&path)?)?;
    Ok(true)
}

/// [manager, standby] The master has ended: from here on this process adds to the file itself.
pub(crate) fn nobody_collects() {
    if cfg!(feature = "cli")
        && let Some(path) = path().filter(|_| IS_COLLECTED.swap(false, Ordering::Relaxed))
    {
        let _ = open_log(&path).and_then(print_to);
    }
}

impl LogFile {
    /// [master] From here on this process prints into the file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = open_log(path)?;
        let (collecting, writing) = pair()?;
        let before = Standard::now()?;
        print_to(file)?;
        remember(Some(path.to_owned()));
        Ok(Self { before, collecting: Some(collecting), writing, collector: None })
    }

    /// Copies of what standard output and error were.
    #[cfg(feature = "cli")]
    pub(crate) fn before(&self) -> Option<Standard> {
        self.before.copies().ok()
    }

    /// [child] From here on this process, and all that it forks, prints into the socket.
    pub(crate) fn hand_on(self) -> io::Result<()> {
        print_to(&self.writing)?;
        IS_COLLECTED.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// [master] Begins to collect, when no more processes are forked from this one.
    pub(crate) fn collect(&mut self, name_of: impl Fn(u32) -> Option<String> + Send + 'static) -> io::Result<()> {
        let Some(collecting) = self.collecting.take() else { return Ok(()) };
        let thread = std::thread::Builder::new().name("log".to_owned()).stack_size(128 << 10);
        self.collector = Some(thread.spawn(move || Collector { name_of, writers: Vec::new() }.collect(&collecting))?);
        Ok(())
    }

    /// [master] All that was printed is written, and standard output and error are what they were.
    pub(crate) fn end(mut self) {
        if let Some(collector) = self.collector.take() {
            // What the master itself puts into the socket is the end of it.
            if nix::unistd::write(&self.writing, b"\n").is_ok() {
                let _ = collector.join();
            }
        }
        remember(None);
        let _ = self.before.give_back();
    }
}

/// Puts pieces together to lines.
struct Collector<N> {
    name_of: N,
    writers: Vec<Writer>,
}

/// A process that prints.
struct Writer {
    pid: u32,
    /// Not known for one that prints before it holds a slot, as `main` of another program does: asked for again at its next piece.
    name: Option<String>,
    /// The line that has no end yet.
    line: Vec<u8>,
    /// It is one of the log itself.
    is_whole: bool,
}

impl<N: Fn(u32) -> Option<String>> Collector<N> {
    /// Until the master says so.
    fn collect(&mut self, from: &Collecting) {
        let mut space = vec![0; 64 << 10];
        while let Some((pid, piece)) = from.next(&mut space) {
            if pid == std::process::id() {
                break;
            }
            let lines = self.take(pid, piece);
            write(&lines);
        }
        let mut rest = Vec::new();
        self.writers.iter_mut().for_each(|writer| writer.end_line(&mut rest));
        write(&rest);
    }

    /// The lines that this piece ends.
    fn take(&mut self, pid: u32, piece: &[u8]) -> Vec<u8> {
        let mut lines = Vec::with_capacity(piece.len());
        let writer = self.writer(pid, &mut lines);
        for &byte in piece {
            match byte {
                b'\n' => writer.end_line(&mut lines),
                MARK => {
                    if !writer.line.is_empty() {
                        writer.end_line(&mut lines);
                    }
                    writer.is_whole = true;
                }
                byte => {
                    if writer.line.len() == LONGEST {
                        writer.end_line(&mut lines);
                    }
                    writer.line.push(byte);
                }
            }
        }
        lines
    }

    fn writer(&mut self, pid: u32, lines: &mut Vec<u8>) -> &mut Writer {
        let at = self.writers.iter().position(|writer| writer.pid == pid).unwrap_or_else(|| {
            if self.writers.len() == MOST {
                // The one that has been there longest.
                self.writers.remove(0).end_line(lines);
            }
            self.writers.push(Writer { pid, name: None, line: Vec::new(), is_whole: false });
            self.writers.len() - 1
        });
        let writer = &mut self.writers[at];
        writer.name = writer.name.take().or_else(|| (self.name_of)(pid));
        writer
    }
}

impl Writer {
    fn end_line(&mut self, lines: &mut Vec<u8>) {
        if !self.line.is_empty() {
            if !self.is_whole {
                lines.extend_from_slice(stamp("PRINT", self.name.as_deref().unwrap_or("process"), self.pid).as_bytes());
            }
            lines.append(&mut self.line);
            lines.push(b'\n');
        }
        self.is_whole = false;
    }
}

fn write(lines: &[u8]) {
    if add(lines).is_err() {
        // Relaxed: a count.
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::cell::Cell;

    #[test]
    fn pieces_of_several_processes_are_lines_with_names() {
        let name_of = |pid| (pid < 10).then(|| format!("worker {pid}"));
        let mut collector = Collector { name_of, writers: Vec::new() };
        let mut lines = Vec::new();
        for (pid, piece) in [
            (1, &b"half of"[..]),
            (2, b"\x01a line of the log\nand a print\n"),
            (1, b" a line\nrest"),
            (1, b"\x01another\n\n"),
            (77, b"of a command\n"),
        ] {
            lines.extend(collector.take(pid, piece));
        }
        let text = String::from_utf8(lines).expect("it is text");
        // Without the time.
        let lines: Vec<&str> = text.lines().map(|line| line.split_once("PRINT ").map_or(line, |(_, rest)| rest)).collect();
        let expected = [
            "a line of the log",
            "[worker 2 2] and a print",
            "[worker 1 1] half of a line",
            "[worker 1 1] rest",
            "another",
            "[process 77] of a command",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn who_gets_a_name_late_has_it_from_then_on() {
        let known = Cell::new(false);
        let mut collector = Collector { name_of: |_| known.get().then(|| "worker 0".to_owned()), writers: Vec::new() };
        let mut say = |text: &[u8]| String::from_utf8(collector.take(7, text)).expect("it is text");
        assert!(say(b"main\n").contains("[process 7] main"));
        known.set(true);
        assert!(say(b"served\n").contains("[worker 0 7] served"));
        known.set(false);
        assert!(say(b"and stops\n").contains("[worker 0 7] and stops"));
    }
}
