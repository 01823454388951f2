//! The order of birth: read and check settings, bind, map shared memory, fork manager and standby, govern.
//!
//! In this order, since an error up to the first fork leaves nothing behind, and the first fork needs a process of one thread.

mod attach;
mod builder;
#[cfg(feature = "cli")]
mod command_line;
mod config;
#[cfg(feature = "cli")]
mod control;
mod daemon;
#[cfg(feature = "cli")]
mod file;
#[cfg(feature = "cli")]
mod help;
mod listen;
mod names;
mod resolve;
#[cfg(feature = "cli")]
mod update;

pub use builder::{Builder, builder, start};

use daemon::Command;
use listen::ForPackets;
use names::{Before, Names};
#[cfg(feature = "cli")]
use std::rc::Rc;

use crate::{
    contract::{self, Server},
    error::{Error, Result},
    job::Files,
    layout::{Memory, Role},
    logging::{self, LogFile, Speaker},
    manager, master,
    settings::{Listening, Resolved},
    sync::Ordering,
    sys::{
        datagram::{LARGEST_RECORD, Sockets as Packets},
        exec,
        fork::{self, Side, SingleThreaded},
        lifeline::lifeline,
        listener::{self, Placed, Socket},
        packet,
        passed::Passed,
        pid_file,
        pidfd::PidFd,
        signals, title,
    },
    worker,
};
#[cfg(feature = "cli")]
use crate::{master::Arrival, process::Handover, sys::local::Named};
use std::{
    io::{self, Write},
    path::Path,
};

/// Whether a server can have what it needs to be run by others: log and pid in files, the background. Elsewhere the settings are refused, and
/// the code is not there.
const IS_OPERATED: bool = cfg!(feature = "cli");

/// [master] From the settings to the end of the server.
fn give_birth<S: Server>(settings: Resolved) -> Result<()> {
    logging::start(settings.log_level);
    logging::debug!("settings: {settings}");
    match (S::DISPATCH.on_task.is_some(), settings.task_workers) {
        (false, 1..) => {
            return Err(Error::start(
                "`task_workers` is not 0, and this program was compiled without `on_task`",
                "set it to 0, or leave it out",
            ));
        }
        (true, 0) => {
            return Err(Error::start("`task_workers` is 0, and this program was compiled with an `on_task`", "set it to 1 or more"));
        }
        _ => {}
    }
    match (S::DISPATCH.on_timer.is_some(), settings.in_force.timers()) {
        (false, [_, ..]) => {
            return Err(Error::start("`timers` has periods, and this program was compiled without `on_timer`", "leave it out"));
        }
        (true, []) => {
            return Err(Error::start("`timers` has no period, and this program was compiled with an `on_timer`", "give it one or more"));
        }
        _ => {}
    }
    refuse_listeners::<S>(&settings)?;
    let settings = as_compiled::<S>(settings);
    let witness = SingleThreaded::check().map_err(|threads| {
        Error::start(
            format!("the server cannot fork: this process runs {threads} threads"),
            "start threads in `on_worker_start`, not before `start()`",
        )
    })?;
    // Passed to this process; what goes on in the background is another.
    let passed = Passed::take();
    let title = title::now();
    let mut before = Before::of_environment::<S>(&settings)?;
    let goes_back = IS_OPERATED && settings.is_daemonized && !before.is_there();
    let mut command = if goes_back { daemon::detach(&settings, &witness)? } else { Command::none() };
    let mut log = None;
    let governed = serve::<S>(settings, passed, &mut log, &mut command, &mut before, &witness);
    before.ends(&governed);
    if IS_OPERATED && let Err(e) = &governed {
        command.server_failed(e);
    }
    // The caller of `start` gets its process back as it was.
    if IS_OPERATED && let Some(log) = log {
        if let Err(e) = &governed {
            logging::error!("{e}");
        }
        log.end();
    }
    title.give_back();
    governed
}

/// An address that came at run time may be of a kind that the program has no callbacks for.
fn refuse_listeners<S: Server>(settings: &Resolved) -> Result<()> {
    for (at, Listening { name, url, datagrams, .. }) in settings.listeners.iter().enumerate() {
        let (of_packets, of_sessions) = (contract::on_packet::<S>(at as u8).is_some(), contract::on_receive::<S>(at as u8).is_some());
        let (kind, callback, instead) = match (datagrams, of_packets, of_sessions) {
            (Some(_), false, _) => ("packets", "on_packet", "tcp://127.0.0.1:9501"),
            (None, true, false) => ("sessions", "on_receive", "udp://127.0.0.1:9501"),
            _ => continue,
        };
        return Err(Error::start(
            format!(
                "the listener `{name}` is to be {url}, which brings {kind}, and this program was compiled without an `{callback}` for it"
            ),
            format!("listen elsewhere, as at {instead}"),
        ));
    }
    Ok(())
}

/// With what the program says, and no setting.
fn as_compiled<S: Server>(settings: Resolved) -> Resolved {
    let user_processes = S::PROCESSES.iter().map(|process| process.name).collect();
    let framed = S::FRAMES.iter().zip(&settings.listeners).filter(|(frame, _)| frame.is_some());
    let packets = settings.listeners.iter().any(|listener| listener.datagrams.is_some()).then_some(LARGEST_RECORD);
    let package_cell = framed.map(|(_, listener)| listener.package_max_length).chain(packets).max().unwrap_or(0);
    Resolved {
        takes_messages: S::DISPATCH.on_pipe_message.is_some(),
        has_on_lost: S::DISPATCH.on_lost.is_some(),
        user_processes,
        package_cell,
        ..settings
    }
}

/// From the log, in which everything is from here on, to the end.
fn serve<S: Server>(
    settings: Resolved,
    passed: Passed,
    log: &mut Option<LogFile>,
    command: &mut Command,
    before: &mut Before,
    witness: &SingleThreaded,
) -> Result<()> {
    if IS_OPERATED && let Some(path) = settings.log_file.as_deref().map(Path::new) {
        let opened = LogFile::open(path).map_err(|e| {
            Error::start_io(format!("the log file {} cannot be opened", path.display()), e, "set `log_file` to a file that can be written")
        })?;
        *log = Some(opened);
    }
    logging::speak_as(Speaker::Master);
    if IS_OPERATED
        && !before.is_there()
        && let Some(path) = settings.pid_file.as_deref().map(Path::new)
    {
        refuse_second(path)?;
    }
    // Known when the program is compiled: one that takes no packets has nothing of this.
    let packets = const { contract::takes_packets::<S>() };
    let packets = packets.then_some(ForPackets { bind: listener::datagram, take: Socket::passed_for_packets });
    let mut passed = before.sockets().unwrap_or(passed);
    let listeners = listen::bind(&settings, &mut passed, packets)?;
    #[cfg(feature = "cli")]
    before.leaves(passed.left_files().filter_map(Placed::found).collect());
    drop(passed);
    // Of unix sockets: taken away where the master, or a manager that outlives it, has not.
    before.places = listeners.iter().filter(|listener| !listener.is_handed_over).filter_map(|listener| listener.place.clone()).collect();
    let signals_before = match signals::take() {
        Ok(signals) => signals,
        Err(e) => {
            listen::forget(&listeners);
            return Err(Error::start_io("the signals cannot be blocked", e, ""));
        }
    };
    let files: &'static Files = Box::leak(Box::new(files::<S>(&settings)));
    let sockets = Sockets {
        #[cfg(feature = "cli")]
        control: None,
        listeners,
    };
    #[cfg(feature = "cli")]
    // The name of a server whose place is taken is free when it gives it up.
    let bound = if before.is_there() { Ok(None) } else { control::bind(&settings) };
    #[cfg(feature = "cli")]
    let governed = bound.and_then(|control| {
        let place = control.as_ref().map(|control| control.place().clone());
        let governed = beget::<S>(settings, files, Sockets { control, ..sockets }, log, command, before, witness);
        // Where it did not come so far that the master has done it.
        place.inspect(Placed::remove);
        governed
    });
    #[cfg(not(feature = "cli"))]
    let governed = beget::<S>(settings, files, sockets, log, command, before, witness);
    before.places.iter().for_each(Placed::remove);
    if has_files::<S>() {
        files.end();
    }
    let _ = fork::adopt_orphans(false);
    let _ = signals::give_back(&signals_before);
    governed
}

/// Whether another server lives that has this pid file; what a dead one has left is replaced.
fn refuse_second(path: &Path) -> Result<()> {
    match pid_file::living(path) {
        Ok(None) => Ok(()),
        Ok(Some(pid)) => Err(Error::start(
            format!("the server runs already: {} is that of the living pid {pid}", path.display()),
            format!("end it (`kill {pid}`), or give this one a `pid_file` of its own"),
        )),
        Err(e) => Err(pid_file_failed(path, e)),
    }
}

fn pid_file_failed(path: &Path, e: io::Error) -> Error {
    Error::start_io(format!("the pid file {} cannot be written", path.display()), e, "set `pid_file` to a file that can be written")
}

/// Whether there are jobs or messages, which may be too large for shared memory: known when the program is compiled.
const fn has_files<S: Server>() -> bool {
    S::DISPATCH.on_task.is_some() || S::DISPATCH.on_pipe_message.is_some()
}

/// Where jobs and messages go that are too large for shared memory.
fn files<S: Server>(settings: &Resolved) -> Files {
    let task_tmpdir = Path::new(&settings.task_tmpdir);
    if !has_files::<S>() {
        return Files::nowhere(task_tmpdir);
    }
    Files::in_directory(task_tmpdir, settings.identity.owner()).unwrap_or_else(|e| {
        logging::warn!("task_tmpdir: no directory can be made in {}: {e}; what needs a file will be refused", task_tmpdir.display());
        Files::nowhere(task_tmpdir)
    })
}

/// What the master alone has open, and no process that it forks.
struct Sockets {
    #[cfg(feature = "cli")]
    control: Option<Named>,
    listeners: Vec<master::Listener>,
}

fn beget<S: Server>(
    settings: Resolved,
    files: &'static Files,
    sockets: Sockets,
    log: &mut Option<LogFile>,
    command: &mut Command,
    before: &mut Before,
    witness: &SingleThreaded,
) -> Result<()> {
    let of_listeners = || sockets.listeners.iter().map(|listener| listener.socket.for_packets()).collect();
    let packets = if contract::takes_packets::<S>() { Packets::new(of_listeners()) } else { Packets::default() };
    let (memory, file_lines) = Memory::new(settings, files, packets).map_err(|e| unable("the shared memory cannot be made", e))?;
    for (at, bound) in sockets.listeners.iter().enumerate() {
        memory.header().set_port(at, bound.port());
    }
    fork::adopt_orphans(true).map_err(|e| unable("the master cannot adopt orphans", e))?;
    let called_as = exec::called_as();
    let program = if memory.settings.is_reload_by_exec { called_as.clone() } else { None };
    #[cfg(feature = "cli")]
    if before.is_there() {
        memory.header().hand_over(Handover::Arriving);
    }
    let all_places: Vec<Placed> = sockets.listeners.iter().filter_map(|listener| listener.place.clone()).collect();
    let (life, line) = lifeline().map_err(|e| unable("the lifeline cannot be made", e))?;
    let (manager_line, to_master) = packet::pair().map_err(|e| unable("the line to the manager cannot be made", e))?;
    let (standby_line, standby_to_master) = packet::pair().map_err(|e| unable("the line to the standby cannot be made", e))?;
    let inherited = manager::Inherited {
        lifeline: line,
        manager_line: to_master,
        standby_line: standby_to_master,
        program,
        places: all_places.clone(),
    };
    // What is buffered would be printed by the children too.
    let _ = io::stdout().flush();
    // A child keeps neither the master's life nor its lines nor its listeners: the port is free when the master is gone.
    let masters = (life, manager_line, standby_line, file_lines, sockets);
    let manager = match fork::fork(witness).map_err(|e| unable("the manager cannot be forked", e))? {
        Side::Child => {
            drop(masters);
            leave(log, command);
            before.leave();
            std::process::exit(manager::manage::<S>(memory, inherited, worker::live::<S>, false));
        }
        Side::Parent(pid) => PidFd::open(pid).map_err(|e| unable("the manager cannot be watched", e))?,
    };
    let standby = match fork::fork(witness).map_err(|e| unable("the standby cannot be forked", e))? {
        Side::Child => {
            drop(masters);
            leave(log, command);
            before.leave();
            std::process::exit(manager::stand_by::<S>(memory, inherited, manager, worker::live::<S>));
        }
        Side::Parent(pid) => PidFd::open(pid).map_err(|e| unable("the standby cannot be watched", e))?,
    };
    drop(inherited);
    memory.become_one(Role::Master).map_err(|e| unable("the shared memory cannot be protected", e))?;
    let (life, manager_line, standby_line, file_lines, sockets) = masters;
    if IS_OPERATED && let Some(log) = log {
        log.collect(|pid| name_of(memory, pid)).map_err(|e| unable("the log cannot be collected", e))?;
    }
    // Given up when this function returns, however that comes.
    let mut names = Names { memory, command, pid_file: None };
    let born = master::Born {
        life,
        listeners: sockets.listeners,
        manager,
        standby,
        manager_line,
        standby_line,
        file_lines,
        #[cfg(feature = "cli")]
        control: sockets.control,
        #[cfg(feature = "cli")]
        standard: log.as_ref().and_then(LogFile::before),
        #[cfg(feature = "cli")]
        program: called_as,
        #[cfg(feature = "cli")]
        arrival: before
            .update
            .as_ref()
            .map(|update| Arrival::new(Rc::clone(&update.line), update.numbers.clone(), update.workers, update.left.clone())),
    };
    let governed = master::govern::<S>(memory, born, &mut names);
    before.places = if memory.header().handover().are_names_anothers() { Vec::new() } else { all_places };
    governed
}

/// What the log calls this process, if it is one of the server.
fn name_of(memory: &'static Memory, pid: u32) -> Option<String> {
    let holds = |slot: &usize| {
        let board = memory.slot(*slot);
        [&board.owner, &board.successor].iter().any(|word| word.read().pid == Some(pid))
    };
    if let Some(slot) = (0..memory.settings.slots()).find(holds) {
        return Some(if memory.task_worker(slot).is_some() { format!("task worker {slot}") } else { memory.called(slot) });
    }
    // Relaxed: a number for people.
    (memory.manager().pid.load(Ordering::Relaxed) == pid).then(|| "manager".to_owned())
}

/// [child] What is the master's alone.
fn leave(log: &mut Option<LogFile>, command: &mut Command) {
    *command = Command::none();
    if IS_OPERATED
        && let Some(log) = log.take()
        && let Err(e) = log.hand_on()
    {
        logging::error!("this process cannot print to the log: {e}");
    }
}

fn unable(what: &'static str, e: io::Error) -> Error {
    Error::start_io(what, e, "raise the limits of memory, descriptors or processes")
}
