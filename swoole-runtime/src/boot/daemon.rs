//! Going on in the background: the command forks, and waits to hear whether the server listens. Before anything is mapped or bound.
//!
//! If the server dies before it listens: the line between the two is cut, and the command says so.

use crate::{
    error::{Error, Result},
    logging,
    settings::Resolved,
    sys::{
        fork::{Side, SingleThreaded, fork},
        standard,
    },
};
use nix::{
    sys::wait::waitpid,
    unistd::{Pid, pipe2, setsid},
};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
};

/// What the server says when it listens; anything else is why it does not.
const LISTENING: &str = "listening";

/// To the command that waits, if one does. The master's alone: cut when that ends.
pub(super) struct Command(Option<File>);

impl Command {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The command returns with exit code 0.
    pub(super) fn server_listens(&mut self) {
        self.say(LISTENING);
    }

    /// The command says this and returns with exit code 1.
    pub(super) fn server_failed(&mut self, why: &Error) {
        self.say(&format!("{why:?}"));
    }

    fn say(&mut self, text: &str) {
        if let Some(mut line) = self.0.take() {
            // It may have been interrupted; the server lives without it.
            let _ = line.write_all(text.as_bytes());
        }
    }
}

/// [command] Comes back in the server alone: a process without a terminal, in a session of its own that it does not lead.
pub(super) fn detach(settings: &Resolved, witness: &SingleThreaded) -> Result<Command> {
    let unable = |e: io::Error| Error::start_io("the server cannot go on in the background", e, "raise the limits of processes");
    if settings.log_file.is_none() {
        logging::warn!("`daemonize` without `log_file`: from here on nobody sees what the server says; set `log_file`");
    }
    let (from_server, to_command) = pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(|e| unable(e.into()))?;
    // What is buffered would be printed by the server too.
    let _ = io::stdout().flush();
    match fork(witness).map_err(unable)? {
        Side::Parent(child) => {
            drop(to_command);
            std::process::exit(answer(from_server, child));
        }
        Side::Child => drop(from_server),
    }
    let mut command = Command(Some(to_command.into()));
    // Not the leader of its session: a terminal that it opens does not become its own.
    let forked = setsid().map_err(io::Error::from).and_then(|_| fork(witness));
    match forked.map_err(unable) {
        Ok(Side::Parent(_)) => std::process::exit(0),
        Ok(Side::Child) => {}
        Err(e) => {
            command.server_failed(&e);
            std::process::exit(1);
        }
    }
    standard::leave_terminal().map_err(unable).inspect_err(|e| command.server_failed(e))?;
    Ok(command)
}

/// [command] What becomes of the server: the exit code, and why on standard error.
fn answer(from_server: OwnedFd, child: Pid) -> i32 {
    let mut said = String::new();
    let heard = File::from(from_server).read_to_string(&mut said);
    // The first of the two forks; the second is the server, and nobody's child here.
    let _ = waitpid(child, None);
    match (heard, said.as_str()) {
        (Ok(_), LISTENING) => return 0,
        (Ok(1..), why) => eprintln!("Error: {why}"),
        _ => eprintln!("Error: the server has died before it listened"),
    }
    1
}
