//! From the attribute, the environment, the command line and the builder, in rising order, to what the server runs with.

use crate::{
    error::{Error, Result},
    settings::{Origin, Resolved, Settings, environment, first_fault, set_by_name},
    sys::limits,
};
use core::time::Duration;

/// Descriptors the master needs beside those of sessions: its own, and for each worker and reactor a few.
const RESERVE: u64 = 64;
const PER_WORKER: u64 = 2;
const PER_REACTOR: u64 = 4;

/// What `max_conn` is when nobody says otherwise and the descriptor limit allows it.
const MAX_CONN: u64 = 10_000;

/// A variable that a server hands to its own successor; no setting.
const ATTACH: &str = "attach";

/// The attribute's settings, overridden by the environment, the command line and the builder, in this order.
pub(super) fn collect(attribute: Settings, builder: &Settings, command_line: Vec<(String, String)>) -> Result<Settings> {
    let mut settings = attribute;
    for (name, text) in environment().filter(|(name, _)| name != ATTACH) {
        set_by_name(&mut settings, &name, &text).map_err(|fault| refused(&Origin::Environment(name), &text, &fault))?;
    }
    for (name, text) in command_line {
        set_by_name(&mut settings, &name, &text).map_err(|fault| refused(&Origin::CommandLine(name), &text, &fault))?;
    }
    settings.overlay(builder);
    match first_fault(&settings) {
        Some(fault) => Err(Error::start("a setting is refused", fault)),
        None => Ok(settings),
    }
}

fn refused(origin: &Origin, text: &str, fault: &str) -> Error {
    Error::start(format!("{origin} = {text:?} is refused: {fault}"), "")
}

/// Every default filled in, every limit held against the machine.
pub(super) fn resolve(settings: &Settings) -> Result<Resolved> {
    let cpus = limits::cpus();
    let workers = settings.workers.unwrap_or(cpus.min(1024));
    let reactors = settings.reactors.unwrap_or(cpus.min(4));
    if reactors > cpus * 4 {
        return Err(Error::start(
            format!("`reactors` is {reactors}, more than four for each of the {cpus} CPUs"),
            format!("set it to {} or less", cpus * 4),
        ));
    }
    let Some(listen) = settings.listen else {
        return Err(Error::start(
            "there is no address to listen on",
            "add `listen = \"tcp://127.0.0.1:9501\"` to the attribute, or `--listen tcp://127.0.0.1:9501` to the command",
        ));
    };
    Ok(Resolved {
        listen: vec![listen.to_owned()],
        workers: workers as usize,
        reactors: reactors as usize,
        max_conn: max_conn(settings.max_conn, workers, reactors)?,
        backlog: settings.backlog.unwrap_or(512),
        tcp_nodelay: settings.tcp_nodelay.unwrap_or(true),
        log_level: settings.log_level.unwrap_or("info").parse().unwrap_or(log::LevelFilter::Info),
        max_wait_time: Duration::from_secs(settings.max_wait_time.unwrap_or(3)),
        ring_memory: settings.ring_memory.unwrap_or(64 << 20) as usize,
        buffer_output_size: settings.buffer_output_size.unwrap_or(2 << 20) as usize,
        socket_buffer_size: settings.socket_buffer_size.unwrap_or(8 << 20),
        output_memory: 256 << 20,
    })
}

fn max_conn(asked: Option<u32>, workers: u32, reactors: u32) -> Result<u32> {
    let limit = limits::descriptors().map_err(|e| Error::start_io("the descriptor limit cannot be read", e, ""))?;
    let reserve = RESERVE + PER_WORKER * u64::from(workers) + PER_REACTOR * u64::from(reactors);
    let left = limit.saturating_sub(reserve);
    match asked {
        Some(asked) if u64::from(asked) > left => Err(Error::start(
            format!(
                "`max_conn` is {asked}, and the descriptor limit of {limit} leaves {left} for sessions (the server itself needs {reserve})"
            ),
            format!("raise the limit (`ulimit -n {}`), or set `max_conn` to {left} or less", u64::from(asked) + reserve),
        )),
        Some(asked) => Ok(asked),
        None if left == 0 => Err(Error::start(
            format!("the descriptor limit of {limit} leaves none for sessions (the server itself needs {reserve})"),
            format!("raise the limit (`ulimit -n {}`)", MAX_CONN + reserve),
        )),
        None => Ok(left.min(MAX_CONN) as u32),
    }
}
