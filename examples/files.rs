//! What it shows: files that a server sends: the worker names them, the master sends them at each client's pace. What is no name of a file in
//! the directory, or leads out of it, is refused.
//!
//! Run it:      cargo run --release --example files
//! Type:        nc 127.0.0.1 9511      and then, line by line, what stands behind `>`
//! You see:     what stands behind `<`: how many bytes come, and then they
//!
//! ```text
//! a> GET hello.txt
//! a< 19
//! a< Hello from a file.
//! b> GET house.txt
//! b< 91
//! b< There is a house in New Orleans:
//! b< its rooms are sent in order,
//! b< and nobody reads them twice.
//! a> GET missing.txt
//! a< error: there is no such file
//! a> GET ../files.rs
//! a< error: not a name of a file
//! a> GET /etc/passwd
//! a< error: not a name of a file
//! a> GET .
//! a< error: not a name of a file
//! a> PUT hello.txt
//! a< error: write GET and a name
//! a> GET hello.txt
//! a< 19
//! a< Hello from a file.
//! ```

use std::{
    fs,
    path::{Component, Path, PathBuf},
};
use swoole::{CloseReason, SessionId, Worker};

/// Where the files lie.
const DIRECTORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/files");

#[derive(Default)]
struct Files;

#[swoole::server(mode = "process", workers = 2, listen = "tcp://127.0.0.1:9511", frame = eof_split("\n"), package_max_length = kib(4))]
impl Files {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        match find(data) {
            Ok((path, length)) => {
                worker.send(fd, format!("{length}\n").as_bytes())?;
                // What was promised, and not what the file may have become since: where it is shorter by now, this is an error, and the client
                // would wait for the rest.
                worker.sendfile(fd, path, 0, Some(length)).inspect_err(|_| {
                    let _ = worker.close_now(fd);
                })?;
            }
            Err(why) => worker.send(fd, format!("error: {why}\n").as_bytes())?,
        }
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

/// The file that this line asks for, and how long it is.
fn find(line: &[u8]) -> Result<(PathBuf, u64), &'static str> {
    let line = std::str::from_utf8(line).map_err(|_| "not a text")?;
    let name = Path::new(line.trim_end().strip_prefix("GET ").ok_or("write GET and a name")?);
    // Neither the root nor `..`. A link in the directory is followed: whoever makes one there may say where it leads.
    if name.as_os_str().is_empty() || !name.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err("not a name of a file");
    }
    let path = Path::new(DIRECTORY).join(name);
    match fs::metadata(&path) {
        Ok(is) if is.is_file() => Ok((path, is.len())),
        _ => Err("there is no such file"),
    }
}

fn main() -> swoole::Result<()> {
    Files::start()
}
