//! The start of a server that takes the place of another: it is held against that one, and its listeners are taken instead of being bound.
//!
//! If the other one dies here: what it has opened is this process's too, and goes with it.

use crate::{
    contract,
    error::{Error, Result},
    master,
    process::{Known, Server, word},
    settings::{ListenUrl, Resolved},
    sys::{
        handover::{self, Line, Message},
        listener::Placed,
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
    /// Which listener of this server each of those is, if one.
    pub(super) numbers: Vec<Option<u8>>,
    /// How many workers that one has.
    pub(super) workers: usize,
    /// Its files at which this one does not listen.
    pub(super) left: Vec<Placed>,
}

impl Update {
    /// What was left to this process, where it is to take the place of another.
    ///
    /// # Errors
    /// Where it cannot: why is told to that one as well.
    pub(super) fn of_environment<S: contract::Server>(settings: &Resolved) -> Result<Option<Self>> {
        let gone = |e| Error::start_io("the server that was to be updated is gone", e, "start this one without SWOOLE_UPDATE");
        let Some(line) = handover::inherited().map_err(gone)? else { return Ok(None) };
        let mut update = Self { line: Rc::new(line), listeners: Vec::new(), numbers: Vec::new(), workers: 0, left: Vec::new() };
        match update.hear::<S>(settings) {
            Ok(()) => Ok(Some(update)),
            Err(e) => {
                update.is_refused(&e);
                Err(e)
            }
        }
    }

    fn hear<S: contract::Server>(&mut self, settings: &Resolved) -> Result<()> {
        let lost = |e: io::Error| Error::start_io("the server that is to be updated is lost", e, "");
        let another = || Error::start("the server that runs speaks another version of this framework", "restart the server instead");
        let message = self.line.receive(PATIENCE).map_err(lost)?;
        let Some(Message { kind: word::SERVER, bytes, descriptors }) = message else { return Err(another()) };
        let server = Server::read(&bytes).filter(|server| server.listeners.len() == descriptors.len()).ok_or_else(another)?;
        let number = |known: &Known| settings.listeners.iter().position(|listening| listening.name == known.name).map(|at| at as u8);
        self.numbers = server.listeners.iter().map(number).collect();
        self.workers = server.workers;
        self.listeners = server.listeners.into_iter().zip(descriptors).collect();
        self.refuse_others::<S>(server.max_conn, settings)
    }

    /// Sessions must find their rows and their callbacks.
    fn refuse_others<S: contract::Server>(&self, max_conn: u32, settings: &Resolved) -> Result<()> {
        let mut refusals = Vec::new();
        if settings.max_conn < max_conn {
            refusals.push(format!(
                "`max_conn` is {}, and {max_conn} in the server that runs: by an update it can become more, and not less; restart the server",
                settings.max_conn
            ));
        }
        for ((Known { name, url, keeps_tails, .. }, _), number) in self.listeners.iter().zip(&self.numbers) {
            let listening = number.map(|number| &settings.listeners[usize::from(number)]);
            let was_for_packets = ListenUrl::parse(url).is_ok_and(|url| url.scheme.is_datagram());
            match listening {
                // Nobody has a session there.
                None if was_for_packets => {}
                None => refusals.push(format!(
                    "there is no listener `{name}`, by which the server that runs has sessions: by an update it cannot go; restart the server"
                )),
                Some(listening) if listening.datagrams.is_some() != was_for_packets => refusals.push(format!(
                    "the listener `{name}` is to be {}, and is {url} in the server that runs: by an update it cannot become one of another \
                     kind; restart the server",
                    listening.url
                )),
                Some(_) if *keeps_tails && !number.is_some_and(|number| master::keeps_tails::<S>(number.into())) => refusals.push(format!(
                    "the listener `{name}` has no frame, and has one in the server that runs: half a package would be lost; by an update a \
                     frame can change, and not go; restart the server"
                )),
                Some(_) => {}
            }
        }
        if refusals.is_empty() { Ok(()) } else { Err(Error::refusals(refusals)) }
    }

    /// The sockets, for the listeners of the same name and address.
    pub(super) fn sockets(&mut self) -> Passed {
        Passed::handed_over(self.listeners.drain(..).map(|(Known { name, url, has_file, .. }, fd)| (fd, name, url, has_file)))
    }

    /// The other one goes on.
    pub(super) fn is_refused(&self, why: &Error) {
        refuse(&self.line, why);
    }
}

/// The settings of this one are wrong, which a server that it was to take the place of is told, if there is one.
pub(super) fn is_refused(why: &Error) {
    if let Ok(Some(line)) = handover::inherited() {
        refuse(&line, why);
    }
}

fn refuse(line: &Line, why: &Error) {
    let _ = line.send(word::REFUSED, why.to_string().replace('\n', "; ").as_bytes(), &[], PATIENCE);
}
