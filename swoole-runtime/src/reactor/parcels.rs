//! Sessions that go on elsewhere: what a reactor gives up when another master takes the server over, and what one takes up that begins. It
//! is the same for the reactors of another process and, where that came to nothing, for those that begin anew in this one.
//!
//! Runs in: a reactor that ends, and the master before one begins. If the process dies here: all its sockets are closed, but for those that
//! another has by then.

use super::{Program, Reactor, output::Part};
use crate::{
    dispatch::Mode,
    event::CloseReason,
    frame::Progress,
    id::SessionId,
    logging,
    session::{Flags, Found, Phase, Row, Words},
    settings::Resolved,
    sys::{clock, packet::Packets, socket},
};
use mio::{Interest, Token, unix::SourceFd};
use std::{
    collections::VecDeque,
    fs::File,
    os::fd::{AsFd, BorrowedFd, IntoRawFd, OwnedFd},
};

/// What a reactor leaves behind: its sessions, and the lines by which its workers pass files.
#[derive(Default)]
pub(crate) struct Left {
    pub(crate) parcels: Vec<Parcel>,
    pub(crate) file_lines: Vec<Packets>,
}

/// One session.
pub(crate) struct Parcel {
    id: SessionId,
    words: Words,
    /// `None` for one whose socket is closed, and whose `on_close` has not run.
    socket: Option<OwnedFd>,
    /// What has come in and is no whole package yet, or was not published.
    tail: Vec<u8>,
    /// What the kernel has not taken yet.
    output: Vec<Waits>,
}

enum Waits {
    Bytes(Vec<u8>),
    File { file: File, offset: u64, left: u64 },
}

/// A parcel without its descriptors; of what waits the bytes, or offset and length in a file.
type Packed = (u64, Words, bool, Vec<u8>, Vec<Result<Vec<u8>, (u64, u64)>>);

impl Parcel {
    /// Gives it listener, reactor and worker of this server, which may have other numbers of them; `false` where no listener is its own.
    pub(crate) fn fits(&mut self, settings: &Resolved, listeners: &[Option<u8>]) -> bool {
        let place = Row::place_of(&self.words);
        let Some(Some(listener)) = listeners.get(usize::from(place.listener)) else { return false };
        let fixed = |number: u16, of: usize| if usize::from(number) < of { number } else { (self.id.get() % of as u64) as u16 };
        let (reactor, worker) = (fixed(place.reactor, settings.reactors), fixed(place.worker, settings.workers));
        Row::replace(&mut self.words, *listener, reactor, worker);
        true
    }

    /// Whose it was, and is to be.
    pub(crate) fn reactor(&self) -> usize {
        usize::from(Row::place_of(&self.words).reactor)
    }

    /// All of them as bytes, and the descriptors that belong to them, in their order.
    pub(crate) fn pack(parcels: &[Self]) -> (Vec<u8>, Vec<BorrowedFd<'_>>) {
        let mut descriptors = Vec::new();
        let mut packed: Vec<Packed> = Vec::with_capacity(parcels.len());
        for Self { id, words, socket, tail, output } in parcels {
            descriptors.extend(socket.as_ref().map(AsFd::as_fd));
            let output = output.iter().map(|waits| match waits {
                Waits::Bytes(bytes) => Ok(bytes.clone()),
                Waits::File { file, offset, left } => {
                    descriptors.push(file.as_fd());
                    Err((*offset, *left))
                }
            });
            let output = output.collect();
            packed.push((id.get(), *words, socket.is_some(), tail.clone(), output));
        }
        // It is written into memory, which does not fail.
        (postcard::to_allocvec(&packed).unwrap_or_default(), descriptors)
    }

    /// What was packed; `None` where bytes and descriptors are not those of parcels.
    pub(crate) fn unpack(bytes: &[u8], descriptors: Vec<OwnedFd>) -> Option<Vec<Self>> {
        let packed: Vec<Packed> = postcard::from_bytes(bytes).ok()?;
        let mut descriptors = VecDeque::from(descriptors);
        let mut parcels = Vec::with_capacity(packed.len());
        for (id, words, has_socket, tail, output) in packed {
            let socket = if has_socket { Some(descriptors.pop_front()?) } else { None };
            let output = output.into_iter().map(|waits| {
                Some(match waits {
                    Ok(bytes) => Waits::Bytes(bytes),
                    Err((offset, left)) => Waits::File { file: descriptors.pop_front()?.into(), offset, left },
                })
            });
            let output = output.collect::<Option<_>>()?;
            parcels.push(Self { id: SessionId::new(id)?, words, socket, tail, output });
        }
        descriptors.is_empty().then_some(parcels)
    }
}

impl<P: Program> Reactor<P> {
    /// Whether all that was read is published and consumed, and no session waits for anything that a worker is to say.
    pub(super) fn is_at_rest(&mut self) -> bool {
        let waits = |row: &Row| {
            let asks = Flags::CONNECT_DUE.and(Flags::CLOSE_DUE).and(Flags::THROUGH_DUE).and(Flags::AWAITS_WORKER);
            let is_closing = row.has(Flags::CLOSE_PUBLISHED) && !row.has(Flags::CLOSE_ANSWERED);
            row.phase() == Phase::Arriving || row.has(asks) || is_closing
        };
        self.workers.iter_mut().all(|lane| lane.waiting.0 == 0 && lane.to.is_consumed(lane.to.last()))
            && self.holds_no_packets()
            && !self.own_sessions().any(|found| waits(found.row))
    }

    fn own_sessions(&self) -> impl Iterator<Item = Found> + use<P> {
        let (sessions, index) = (self.sessions, self.index);
        (0..sessions.rows()).filter_map(move |row| sessions.at(row).filter(|found| found.row.reactor() == index))
    }

    /// A handover has come to nothing: what has come meanwhile is read.
    pub(super) fn read_all_on(&mut self) {
        for found in self.own_sessions() {
            self.pump(found);
        }
        self.wake_workers();
    }

    /// Gives up every session, behind all that workers have sent for them.
    pub(super) fn leave(mut self) -> Left {
        for slot in 0..self.workers.len() {
            while self.take_one(slot) {}
        }
        self.take_from_manager();
        self.end_unheard();
        let mut parcels = Vec::new();
        for found in self.own_sessions() {
            let row = found.row;
            let words = row.words();
            let output = self.outputs.take_queue(row).into_iter().map(|part| match part {
                Part::Chunk(chunk) => Waits::Bytes(chunk.bytes().to_vec()),
                Part::File { file, offset, left } => Waits::File { file, offset, left },
            });
            let output = output.collect();
            let tail = self.tails.of(row).map(|(bytes, _)| bytes.to_vec()).unwrap_or_default();
            self.tails.drop_tail(row);
            let socket = (!row.has(Flags::SOCKET_GONE)).then(|| socket::take(row.descriptor()));
            parcels.push(Parcel { id: found.id, words, socket, tail, output });
        }
        self.publish_queued();
        Left { parcels, file_lines: self.workers.into_iter().map(|lane| lane.files).collect() }
    }

    /// [master] Takes up a session of this reactor, before its thread runs.
    pub(crate) fn take_up(&mut self, parcel: Parcel) {
        let Parcel { id, words, socket, tail, output } = parcel;
        let descriptor = socket.map_or(-1, IntoRawFd::into_raw_fd);
        let found = self.sessions.put(id, &words, descriptor.cast_unsigned());
        let row = found.row;
        match (P::MODE, row.uid()) {
            (Mode::LeastConn, _) => self.chooser.shares.has_session(row.worker()),
            // It may have been on its way to that one.
            (Mode::Uid, Some(uid)) => row.move_to(self.worker_of(uid)),
            _ => {}
        }
        for waits in output {
            match waits {
                Waits::Bytes(bytes) => self.outputs.append_bytes(row, &bytes),
                Waits::File { file, offset, left } => {
                    self.outputs.append_file(row, file, crate::event::FilePart { number: 0, offset, length: left });
                }
            }
        }
        if !tail.is_empty() {
            self.tails.keep(id, row, &tail, Progress::default());
        }
        let both = Interest::READABLE | Interest::WRITABLE;
        if descriptor >= 0
            && let Err(e) = self.poll.registry().register(&mut SourceFd(&descriptor), Token(id.get() as usize), both)
        {
            logging::error!("session {id}: the kernel watches no more sockets: {e}");
            self.close_socket(found, true);
            self.begin_close(found, CloseReason::Server);
        }
        if row.has(Flags::CLOSE_ANSWERED) {
            self.lingering.push(self.lingers(found, clock::uptime_ms()));
        }
        self.taken_up.push(id);
    }

    /// Goes on with those: what waits is sent, and what has come is read.
    pub(super) fn go_on_with_taken_up(&mut self) {
        self.publish_queued();
        for id in core::mem::take(&mut self.taken_up) {
            let Some(found) = self.sessions.find(id) else { continue };
            if Self::has_output(found.row) && self.flush(found) {
                continue;
            }
            self.pump(found);
            self.end_if_through(found);
        }
        self.wake_workers();
    }
}
