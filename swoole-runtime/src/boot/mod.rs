//! The order of birth: read and check settings, bind, map shared memory, fork manager and standby, govern.
//!
//! In this order, since an error up to the first fork leaves nothing behind, and the first fork needs a process of one thread.

mod attach;
mod builder;
#[cfg(feature = "cli")]
mod command_line;
mod config;
#[cfg(feature = "cli")]
mod file;
#[cfg(feature = "cli")]
mod help;
mod listen;
mod resolve;

pub use builder::{Builder, builder, start};

use crate::{
    contract::Server,
    error::{Error, Result},
    job::Files,
    layout::{Memory, Role},
    logging, manager, master,
    settings::Resolved,
    sys::{
        exec,
        fork::{self, Side, SingleThreaded},
        lifeline::lifeline,
        packet,
        pidfd::PidFd,
        signals,
    },
    worker,
};
use std::{
    io::{self, Write},
    path::Path,
};

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
    let settings = Resolved { takes_messages: S::DISPATCH.on_pipe_message.is_some(), ..settings };
    let witness = SingleThreaded::check().map_err(|threads| {
        Error::start(
            format!("the server cannot fork: this process runs {threads} threads"),
            "start threads in `on_worker_start`, not before `start()`",
        )
    })?;
    let listeners = listen::bind(&settings)?;
    let before = signals::take().map_err(|e| Error::start_io("the signals cannot be blocked", e, ""))?;
    let files: &'static Files = Box::leak(Box::new(files::<S>(&settings)));
    let governed = beget::<S>(settings, files, listeners, &witness);
    if has_files::<S>() {
        files.end();
    }
    // The caller of `start` gets its process back as it was.
    let _ = fork::adopt_orphans(false);
    let _ = signals::give_back(&before);
    governed
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
    Files::in_directory(task_tmpdir).unwrap_or_else(|e| {
        logging::warn!("task_tmpdir: no directory can be made in {}: {e}; what needs a file will be refused", task_tmpdir.display());
        Files::nowhere(task_tmpdir)
    })
}

fn beget<S: Server>(settings: Resolved, files: &'static Files, listeners: Vec<listen::Bound>, witness: &SingleThreaded) -> Result<()> {
    let memory = Memory::new(settings, files).map_err(|e| unable("the shared memory cannot be made", e))?;
    for (at, bound) in listeners.iter().enumerate() {
        memory.header().set_port(at, bound.2.port());
    }
    fork::adopt_orphans(true).map_err(|e| unable("the master cannot adopt orphans", e))?;
    let program = if memory.settings.is_reload_by_exec { exec::called_as() } else { None };
    let (life, line) = lifeline().map_err(|e| unable("the lifeline cannot be made", e))?;
    let (manager_line, to_master) = packet::pair().map_err(|e| unable("the line to the manager cannot be made", e))?;
    let (standby_line, standby_to_master) = packet::pair().map_err(|e| unable("the line to the standby cannot be made", e))?;
    let inherited = manager::Inherited { lifeline: line, manager_line: to_master, standby_line: standby_to_master, program };
    // What is buffered would be printed by the children too.
    let _ = io::stdout().flush();
    // A child keeps neither the master's life nor its lines nor its listeners: the port is free when the master is gone.
    let masters = (life, manager_line, standby_line, listeners);
    let manager = match fork::fork(witness).map_err(|e| unable("the manager cannot be forked", e))? {
        Side::Child => {
            drop(masters);
            std::process::exit(manager::manage::<S>(memory, inherited, worker::live::<S>, false));
        }
        Side::Parent(pid) => PidFd::open(pid).map_err(|e| unable("the manager cannot be watched", e))?,
    };
    let standby = match fork::fork(witness).map_err(|e| unable("the standby cannot be forked", e))? {
        Side::Child => {
            drop(masters);
            std::process::exit(manager::stand_by::<S>(memory, inherited, manager, worker::live::<S>));
        }
        Side::Parent(pid) => PidFd::open(pid).map_err(|e| unable("the standby cannot be watched", e))?,
    };
    drop(inherited);
    memory.become_one(Role::Master).map_err(|e| unable("the shared memory cannot be protected", e))?;
    let (life, manager_line, standby_line, listeners) = masters;
    master::govern::<S>(memory, master::Born { life, listeners, manager, standby, manager_line, standby_line })
}

fn unable(what: &'static str, e: io::Error) -> Error {
    Error::start_io(what, e, "raise the limits of memory, descriptors or processes")
}
