//! The manager: one process, one thread, that forks, watches and replaces the workers; and the standby, asleep until it must be the
//! manager.
//!
//! If it dies here: the master sees it, and tells the standby to take over. The boards, the owner words and the master, which adopts the
//! orphans, tell the new manager all it needs; whatever the old one was in the middle of is done again or was never begun.

mod children;
mod life;
mod program;
mod replace;
mod settle;
mod standby;
mod stop;
mod succession;
mod watch;

use crate::{
    contract::{self, Server},
    layout::Memory,
    process::Taking,
    sys::{lifeline::Lifeline, listener::Placed, packet::Packets, pidfd::PidFd},
};

use program::Exec;
use std::path::PathBuf;

pub(crate) use standby::stand_by;

/// What manager and standby inherit from the master.
pub(crate) struct Inherited {
    pub(crate) lifeline: Lifeline,
    /// Between the master and whoever is manager.
    pub(crate) manager_line: Packets,
    /// Between the master and whoever is standby.
    pub(crate) standby_line: Packets,
    /// Where the program lies that a reload runs, where reloads do not fork.
    pub(crate) program: Option<PathBuf>,
    /// The files of unix sockets, which a master that is killed leaves.
    pub(crate) places: Vec<Placed>,
}

impl Inherited {
    /// The master has ended, and has not done it, if it was killed. They may be another server's by then.
    fn forget_places(&self, memory: &'static Memory) {
        if memory.header().handover().are_names_anothers() {
            return;
        }
        self.places.iter().for_each(Placed::remove);
    }
}

/// What a worker does with its process, as the manager starts it: from the claim on its slot to its exit code.
pub(crate) type Work = fn(&'static Memory, usize, Taking, &Lifeline) -> i32;

/// What a process that was the manager, or a fork of it, goes on as.
enum Next {
    Exit(i32),
    Worker(usize, Taking, Option<Exec>),
    Standby(PidFd),
}

/// [manager] The whole life of the manager, and of every process that it forks, to the exit code.
pub(crate) fn manage<S: Server>(memory: &'static Memory, inherited: Inherited, work: Work, taken_over: bool) -> i32 {
    let (next, inherited) = life::live::<S>(memory, inherited, taken_over);
    match next {
        Next::Exit(code) => code,
        Next::Worker(slot, taking, exec) => {
            // A worker keeps nothing by which it could speak as the manager.
            let Inherited { lifeline, manager_line, standby_line, .. } = inherited;
            drop((manager_line, standby_line));
            match exec {
                Some(exec) => {
                    // As for files.
                    let sockets = if contract::takes_packets::<S>() { memory.sockets.all() } else { Vec::new() };
                    let sockets: Vec<_> = sockets.into_iter().flatten().collect();
                    // Known when the program is compiled: a server without jobs and messages has no files of them.
                    let has_files = S::DISPATCH.on_task.is_some() || S::DISPATCH.on_pipe_message.is_some();
                    let files = if has_files { memory.files.descriptor() } else { None };
                    exec.run(memory, slot, taking, &lifeline, files, &sockets)
                }
                None => work(memory, slot, taking, &lifeline),
            }
        }
        Next::Standby(manager) => stand_by::<S>(memory, inherited, manager, work),
    }
}
