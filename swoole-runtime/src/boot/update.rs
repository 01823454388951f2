//! The start of a server that takes the place of another: what both must have alike is held against that one's, and its listeners are taken
//! instead of being bound.
//!
//! If the other one dies here: what it has opened is this process's too, and goes with it.

use super::attach::refuse_others;
use crate::{
    error::{Error, Result},
    process::{Known, Server, word},
    settings::Resolved,
    sys::{
        handover::{self, Line, Message},
        passed::Passed,
    },
};
use core::time::Duration;
use std::{io, os::fd::OwnedFd, rc::Rc};

/// How long the other side may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server whose place is to be taken. In the processes that are forked: none.
pub(super) struct Update {
    pub(super) line: Rc<Line>,
    listeners: Vec<(Known, OwnedFd)>,
}

impl Update {
    /// What was left to this process, where it is to take the place of another.
    ///
    /// # Errors
    /// Where it cannot: why is told to that one as well.
    pub(super) fn of_environment(settings: &Resolved) -> Result<Option<Self>> {
        let Some(line) = handover::inherited() else { return Ok(None) };
        let mut update = Self { line: Rc::new(line), listeners: Vec::new() };
        match update.hear(settings) {
            Ok(()) => Ok(Some(update)),
            Err(e) => {
                update.is_refused(&e);
                Err(e)
            }
        }
    }

    fn hear(&mut self, settings: &Resolved) -> Result<()> {
        let lost = |e: io::Error| Error::start_io("the server that is to be updated is lost", e, "");
        let another = || Error::start("the server that runs speaks another version of this framework", "restart the server instead");
        let message = self.line.receive(PATIENCE).map_err(lost)?;
        let Some(Message { kind: word::SERVER, bytes, descriptors }) = message else { return Err(another()) };
        let server = Server::read(&bytes).filter(|server| server.listeners.len() == descriptors.len()).ok_or_else(another)?;
        refuse_others(&server.settings, settings, "an update")?;
        self.listeners = server.listeners.into_iter().zip(descriptors).collect();
        Ok(())
    }

    /// The sockets, for the listeners of the same name and address.
    pub(super) fn sockets(&mut self) -> Passed {
        Passed::handed_over(self.listeners.drain(..).map(|(Known { name, url, has_file }, fd)| (fd, name, url, has_file)))
    }

    /// The other one goes on.
    pub(super) fn is_refused(&self, why: &Error) {
        refuse(&self.line, why);
    }
}

/// The settings of this one are wrong, which a server that it was to take the place of is told, if there is one.
pub(super) fn is_refused(why: &Error) {
    if let Some(line) = handover::inherited() {
        refuse(&line, why);
    }
}

fn refuse(line: &Line, why: &Error) {
    let _ = line.send(word::REFUSED, why.to_string().replace('\n', "; ").as_bytes(), &[], PATIENCE);
}
