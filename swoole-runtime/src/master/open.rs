//! The beginning of service: a worker is ready, reactors start, connections are accepted, names are taken. Where the place of another server is taken,
//! that one's sessions come first.
//!
//! If the process dies here: it is the end of a server that has served nobody, or nobody but who came with the place that it has taken.

use super::{
    Listener, Names, ProgramOf,
    accept::{Acceptor, Door},
    life::{LISTENERS, Life, run_callback},
};
#[cfg(feature = "cli")]
use super::{arrival::Taken, control::Control, life::CONTROL, stats_file::StatsFile};
use crate::{
    contract::Server,
    error::Error,
    logging,
    process::Lifecycle,
    reactor::{Intake, Reactor, Shares},
};
#[cfg(feature = "cli")]
use crate::{process::Handover, reactor::Parcel};
use mio::{Interest, Token, unix::SourceFd};
use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    sync::Arc,
};

impl Life {
    /// Whether it takes the place of another.
    pub(super) fn is_arriving(&self) -> bool {
        #[cfg(feature = "cli")]
        return self.arrival.is_some();
        #[cfg(not(feature = "cli"))]
        return false;
    }

    /// A worker is ready: reactors, then the listeners. Where the place of another server is taken, when that is over.
    pub(super) fn open<S: Server>(&mut self, names: &mut dyn Names) {
        #[cfg(feature = "cli")]
        let taken = match self.arrival.as_mut().map(|arrival| arrival.follow(self.memory)) {
            None => Taken::default(),
            Some(Ok(Some(taken))) => taken,
            Some(Ok(None)) => return,
            Some(Err(e)) => return self.give_up(e),
        };
        #[cfg(feature = "cli")]
        {
            self.memory.header().count_on(&taken.counters);
            self.memory.header().hand_over(Handover::None);
        }
        let opened = self.start_reactors::<S>(
            #[cfg(feature = "cli")]
            taken.parcels,
        );
        self.memory.header().enter(Lifecycle::Running);
        match opened.and_then(|(intakes, shares)| Ok(Acceptor::new(self.memory, self.doors()?, intakes, S::DISPATCHING.mode, shares))) {
            Ok(acceptor) => self.acceptor = Some(acceptor),
            Err(e) => {
                return self.give_up(Error::start_io("the reactors cannot be started", e, "raise the limits of descriptors and threads"));
            }
        }
        #[cfg(feature = "cli")]
        if let (Some(acceptor), Some(next)) = (&mut self.acceptor, taken.next) {
            acceptor.begin_at(next);
        }
        for (at, Listener { name, url, address, .. }) in self.listeners.iter().enumerate() {
            let scheme = url.split(':').next().unwrap_or("tcp");
            match at {
                0 => logging::info!("listening on {scheme}://{address} ({url})"),
                _ => logging::info!("listening on {scheme}://{address} ({url}) as {name}"),
            }
        }
        #[cfg(feature = "cli")]
        if let Some(path) = &self.memory.settings.stats_file {
            match StatsFile::create(path, self.memory) {
                Ok(file) => self.stats_file = Some(file),
                Err(e) if self.is_arriving() => logging::error!("the file {path} of `stats_file` cannot be written: {e}"),
                Err(e) => {
                    let what = format!("the file {path} of `stats_file` cannot be written");
                    return self.give_up(Error::start_io(what, e, "set `stats_file` to a file that can be written"));
                }
            }
        }
        if let Err(e) = names.take() {
            // Where the place of another is taken its sessions are worth more.
            if !self.is_arriving() {
                return self.give_up(e);
            }
            logging::error!("{e}");
        }
        #[cfg(feature = "cli")]
        if let Some(arrival) = self.arrival.take() {
            let control = |socket| Control::new(socket, self.poll.registry().try_clone()?, CONTROL);
            self.control = names.control().map(control).transpose().unwrap_or_else(|e| {
                logging::error!("no command will reach this server: {e}");
                None
            });
            arrival.serves();
        }
        if let Some(on_start) = S::DISPATCH.on_start {
            run_callback("on_start", || on_start(&self.context));
        }
        #[cfg(feature = "cli")]
        if core::mem::take(&mut self.leaves_later) {
            self.leave();
        }
    }

    /// Starts the reactors, with these sessions.
    pub(super) fn start_reactors<S: Server>(
        &mut self,
        #[cfg(feature = "cli")] parcels: Vec<Parcel>,
    ) -> io::Result<(Vec<Intake>, Arc<Shares>)> {
        let shares = Arc::new(Shares::new(self.memory.settings.workers));
        let (mut intakes, mut reactors) = (Vec::new(), Vec::new());
        for (index, file_lines) in core::mem::take(&mut self.file_lines).into_iter().enumerate() {
            let (reactor, intake) = Reactor::<ProgramOf<S>>::new(self.memory, index, file_lines, Arc::clone(&shares))?;
            intakes.push(intake);
            reactors.push(reactor);
        }
        #[cfg(feature = "cli")]
        for parcel in parcels {
            reactors[parcel.reactor()].take_up(parcel);
        }
        for (index, reactor) in reactors.into_iter().enumerate() {
            let thread = std::thread::Builder::new().name(format!("reactor-{index}")).stack_size(256 << 10).spawn(move || reactor.run())?;
            self.reactors.push(thread);
        }
        Ok((intakes, shares))
    }

    /// Where connections come in.
    pub(super) fn doors(&self) -> io::Result<Vec<(usize, Door)>> {
        let mut doors = Vec::new();
        for (at, Listener { socket, .. }) in self.listeners.iter().enumerate() {
            // Packets come to a reactor by themselves.
            if let Some(door) = Door::new(socket)? {
                let (token, fd) = (Token(LISTENERS.0 + at), socket.as_fd().as_raw_fd());
                self.poll.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
                doors.push((at, door));
            }
        }
        Ok(doors)
    }
}
