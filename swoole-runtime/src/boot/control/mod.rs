//! Commands for a server that runs: which one is meant, what it is asked, and how its answer is printed. Run by the program that serves, as
//! another process.
//!
//! If the server dies here: the connection ends, and that is said.

mod place;
mod table;

pub(super) use place::{bind, fill, path};

use crate::{
    error::Result,
    process::{DONE, END, HEAD, REFUSED, Request},
    settings::Settings,
    sys::{local, pidfd::PidFd},
};
use core::time::Duration;
use nix::unistd::Pid;
use std::{
    fmt::Write as _,
    io::{self, ErrorKind, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    thread,
    time::Instant,
};
use table::Row;

/// The exit codes of a command.
const DID: i32 = 0;
const FAILED: i32 = 1;
const NOBODY: i32 = 3;

/// How long an answer may take that waits for nothing, and how long a server that too many ask is asked again.
const ANSWER: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// How long a process may take to be gone when its server has ended.
const GONE: Duration = Duration::from_secs(1);

/// What was typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Command {
    pub(super) request: Request,
    /// For programs, not for people.
    pub(super) json: bool,
}

/// Why a command has not done what it was for.
enum Failed {
    /// No server listens at any of these.
    Nobody,
    /// In words.
    Why(String),
}

/// Gives the command to the server that these settings mean, and prints what comes back. The exit code.
pub(super) fn ends(command: Command, settings: &Settings) -> Result<i32> {
    let places = place::meant(settings)?;
    let failed = match run(command, &places) {
        Ok(code) => return Ok(code),
        Err(failed) => failed,
    };
    let (code, why) = match failed {
        Failed::Nobody => {
            let places = places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(" and ");
            let listen = settings.listen.map_or_else(String::new, |listen| format!(" for {listen}"));
            (NOBODY, format!("no server runs here{listen}: nobody listens at {places}"))
        }
        Failed::Why(why) => (FAILED, why),
    };
    let _ = writeln!(io::stderr(), "Error: {why}");
    Ok(code)
}

fn run(Command { request, json }: Command, places: &[PathBuf]) -> core::result::Result<i32, Failed> {
    let mut code = DID;
    let mut text = String::new();
    match request {
        Request::Connections { .. } => return connections(json, places),
        Request::Status => {
            let mut rows = ask(request, places)?;
            table::add_memory(&mut rows);
            text = if json { table::status_as_json(&rows) } else { table::status(&rows) };
        }
        Request::Reload { .. } => {
            let rows = ask(request, places)?;
            let reload = rows.first().ok_or_else(unreadable)?;
            if reload.get("through") != "true" {
                code = FAILED;
                let _ = writeln!(io::stderr(), "Error: the reload was given up: {}", table::reason(&rows));
            }
            if json {
                text = table::reload_as_json(reload, table::reason(&rows));
            } else if code == DID {
                text = if reload.get("joined") == "true" { "reloaded; it was under way already\n" } else { "reloaded\n" }.to_owned();
            }
        }
        Request::Kill { slot } => {
            let rows = ask(request, places)?;
            let killed = rows.first().ok_or_else(unreadable)?;
            let _ = writeln!(text, "worker {slot} (pid {}, generation {}) is killed", killed.get("pid"), killed.get("generation"));
        }
        Request::Stop { .. } => {
            ask(request, places)?;
            text.push_str("the server has ended\n");
        }
        Request::Update => {
            let rows = ask(request, places)?;
            let updated = rows.first().ok_or_else(unreadable)?;
            let _ = writeln!(text, "updated: pid {} goes on", updated.get("pid"));
        }
        Request::ReopenLog => {
            ask(request, places)?;
            text.push_str("the log goes on in a new file\n");
        }
    }
    print(&text)?;
    Ok(code)
}

/// A page at a time, so that neither side has all of them at once.
fn connections(json: bool, places: &[PathBuf]) -> core::result::Result<i32, Failed> {
    let (mut from, mut count) = (0, 0_u64);
    let mut head = String::new();
    if json {
        head.push('[');
    } else {
        table::connection(None, &mut head);
    }
    print(&head)?;
    loop {
        let rows = ask(Request::Connections { from }, places)?;
        let mut text = String::new();
        for row in rows.iter().filter(|row| row.kind == "session") {
            if json {
                text.push_str(if count == 0 { "\n" } else { ",\n" });
                table::object(row, &mut text);
            } else {
                table::connection(Some(row), &mut text);
            }
            count += 1;
        }
        print(&text)?;
        match rows.last().filter(|row| row.kind == "page").map(|row| row.get("next")) {
            Some("-") => break,
            Some(next) => from = next.parse().map_err(|_| unreadable())?,
            None => return Err(unreadable()),
        }
    }
    print(if json { "\n]\n" } else { "" })?;
    Ok(DID)
}

fn print(text: &str) -> core::result::Result<(), Failed> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Where nobody reads on, all was said that somebody wanted.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => std::process::exit(DID),
        Err(e) => Err(Failed::Why(format!("the answer cannot be printed: {e}"))),
        Ok(()) => Ok(()),
    }
}

/// The rows of the answer.
fn ask(request: Request, places: &[PathBuf]) -> core::result::Result<Vec<Row>, Failed> {
    let start = Instant::now();
    loop {
        let stream = connect(places, start)?;
        let waits = matches!(request, Request::Stop { .. } | Request::Reload { .. } | Request::Update);
        let server = local::peer(&stream).filter(|_| waits).and_then(|(pid, _)| PidFd::open(Pid::from_raw(pid)).ok());
        match exchange(request, &stream, waits) {
            Ok(Some(answer)) => {
                if let (Request::Stop { .. }, Some(server)) = (request, server) {
                    server.wait(GONE);
                }
                return answer;
            }
            // Where too many ask at once the server lets some of them go. What changes nothing is asked again.
            Ok(None) if !waits && !matches!(request, Request::Kill { .. }) && start.elapsed() < ANSWER => thread::sleep(ASK_AGAIN),
            Ok(None) => return Err(Failed::Why("the server has ended without an answer".to_owned())),
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                return Err(Failed::Why("the server does not answer: its master is stopped, or the machine is overloaded".to_owned()));
            }
            Err(e) => return Err(Failed::Why(format!("the server cannot be asked: {e}"))),
        }
    }
}

fn connect(places: &[PathBuf], start: Instant) -> core::result::Result<UnixStream, Failed> {
    let mut at = 0;
    while let Some(place) = places.get(at) {
        match local::connect(place) {
            Ok(stream) => return Ok(stream),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => at += 1,
            Err(e) if e.kind() == ErrorKind::WouldBlock && start.elapsed() < ANSWER => thread::sleep(ASK_AGAIN),
            Err(e) => return Err(Failed::Why(format!("{} cannot be connected to: {e}", place.display()))),
        }
    }
    Err(Failed::Nobody)
}

/// What is said to be so of a whole answer; `None` where it has no end.
type Exchanged = Option<core::result::Result<Vec<Row>, Failed>>;

fn exchange(request: Request, stream: &UnixStream, waits: bool) -> io::Result<Exchanged> {
    stream.set_read_timeout((!waits).then_some(ANSWER))?;
    let mut to_server = stream;
    match to_server.write_all(request.line().as_bytes()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => return Ok(None),
        written => written?,
    }
    let mut answer = String::new();
    match to_server.read_to_string(&mut answer) {
        Err(e) if e.kind() == ErrorKind::ConnectionReset => return Ok(None),
        read => read?,
    };
    let Some(answer) = answer.strip_suffix('\n').and_then(|answer| answer.strip_suffix(END)) else { return Ok(None) };
    let mut lines = answer.lines();
    let head = lines.next().unwrap_or_default();
    Ok(Some(match head.strip_prefix(HEAD) {
        Some(DONE) => Ok(lines.map(Row::read).collect()),
        Some(said) => Err(Failed::Why(match said.strip_prefix(REFUSED) {
            Some(why) => format!("the server says: {why}"),
            None => return Ok(Some(Err(unreadable()))),
        })),
        None => Err(unreadable()),
    }))
}

fn unreadable() -> Failed {
    Failed::Why("the server is of another version of this framework: restart it".to_owned())
}
