//! Unix sockets that serve sessions, and clients of them.

use crate::{Directory, Entry, Launch, watch::WATCHDOG};
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::Path,
};

/// The server `ports`, with the sockets that have files in this directory.
pub fn ports(program: &str, directory: &Directory) -> Launch {
    Launch::new(program)
        .workers(2)
        .environment("SWOOLE_LISTENER_LOCAL_LISTEN", &format!("unix://{}", directory.socket().display()))
        .environment("SWOOLE_LISTENER_SECOND_ADMIN_LISTEN", &format!("unix://@{}", directory.name()))
}

/// A client of the socket with this file.
///
/// # Panics
/// When nobody listens there.
#[must_use]
pub fn connect(path: &Path) -> UnixStream {
    watched(UnixStream::connect(path).expect("the server listens there"))
}

/// Every wait of it is under the watchdog.
///
/// # Panics
/// When an option cannot be set.
#[must_use]
pub fn watched(stream: UnixStream) -> UnixStream {
    stream.set_read_timeout(Some(WATCHDOG)).expect("it is not zero");
    stream.set_write_timeout(Some(WATCHDOG)).expect("it is not zero");
    stream
}

/// Sends a line.
///
/// # Panics
/// When the connection has ended.
pub fn say(mut stream: &UnixStream, line: &str) {
    stream.write_all(format!("{line}\n").as_bytes()).expect("the connection takes bytes");
}

/// Waits for a line of `key=value` words.
///
/// # Panics
/// When none comes.
pub fn hear(stream: &UnixStream) -> Entry {
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).expect("a line comes");
    Entry::read(answer.trim_end())
}

/// Sends a line and waits for one.
pub fn ask(stream: &UnixStream, line: &str) -> Entry {
    say(stream, line);
    hear(stream)
}
