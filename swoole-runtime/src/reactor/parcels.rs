//! Sessions that go on elsewhere: what a reactor gives up when another master takes the server over, and what one takes up that begins. It
//! is the same for the reactors of another process and, where that came to nothing, for those that begin anew in this one.
//!
//! Runs in: a reactor that ends, and the master before one begins. If the process dies here: all its sockets are closed, but for those that
//! another has by then.

use super::{Program, Reactor, output::Part};
use crate::{
    dispatch::{Mode, by_address, fixed},
    event::{CloseReason, FilePart, ToWorker},
    frame::Progress,
    id::SessionId,
    logging,
    session::{Flags, Found, Phase, Row, Words},
    settings::Resolved,
    sync::Ordering,
    sys::{clock, handover, packet::Packets, socket},
};
use mio::{Interest, Token, unix::SourceFd};
use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io::{self, BufWriter, Read, Write},
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
    /// What of it lies on the ring of a worker that has ended before it came to that, as what is due of it.
    on_ring: Flags,
    /// Where it comes from there were more workers, or fewer.
    has_no_worker: bool,
}

enum Waits {
    Bytes(Vec<u8>),
    File { file: File, offset: u64, left: u64 },
}

impl Parcel {
    /// Gives it listener, reactor and worker of this server, which may have other numbers of them; `false` where no listener is its own.
    pub(crate) fn fits(&mut self, settings: &Resolved, listeners: &[Option<u8>], workers: usize) -> bool {
        let place = Row::place_of(&self.words);
        let Some(Some(listener)) = listeners.get(usize::from(place.listener)) else { return false };
        self.has_no_worker = settings.workers != workers;
        let (fixed, reactor) = fixed(self.id.get(), settings.workers, settings.reactors);
        Row::replace(&mut self.words, *listener, reactor, if self.has_no_worker { fixed } else { place.worker });
        true
    }

    /// Whose it was, and is to be.
    pub(crate) fn reactor(&self) -> usize {
        usize::from(Row::place_of(&self.words).reactor)
    }

    /// All of them in a piece of memory, and the descriptors that belong to them, in their order.
    pub(crate) fn pack(parcels: &[Self]) -> io::Result<(OwnedFd, Vec<BorrowedFd<'_>>)> {
        let note = handover::note()?;
        let mut out = BufWriter::new(File::from(note.try_clone()?));
        let mut descriptors = Vec::new();
        for Self { id, words, socket, tail, output, on_ring, .. } in parcels {
            put(&mut out, id.get())?;
            // There it lies on no ring.
            Row::with_flags(words, *on_ring).iter().try_for_each(|&word| put(&mut out, word))?;
            put(&mut out, socket.is_some().into())?;
            descriptors.extend(socket.as_ref().map(AsFd::as_fd));
            put_bytes(&mut out, tail)?;
            put(&mut out, output.len() as u64)?;
            for waits in output {
                match waits {
                    Waits::Bytes(bytes) => {
                        put(&mut out, BYTES)?;
                        put_bytes(&mut out, bytes)?;
                    }
                    Waits::File { file, offset, left } => {
                        [FILE, *offset, *left].into_iter().try_for_each(|number| put(&mut out, number))?;
                        descriptors.push(file.as_fd());
                    }
                }
            }
        }
        // What ends them is no number of a session.
        put(&mut out, 0)?;
        out.flush()?;
        drop(out);
        Ok((note, descriptors))
    }

    /// What was packed.
    ///
    /// # Errors
    /// Where memory and descriptors are not those of parcels.
    pub(crate) fn unpack(note: OwnedFd, descriptors: Vec<OwnedFd>) -> io::Result<Vec<Self>> {
        let nonsense = || io::Error::other("it was passed nonsense");
        let mut descriptors = VecDeque::from(descriptors);
        let mut descriptor = || descriptors.pop_front().ok_or_else(nonsense);
        let mut from = handover::reader(note)?;
        let mut parcels = Vec::new();
        while let Some(id) = SessionId::new(get(&mut from)?) {
            let mut words = Words::default();
            for word in &mut words {
                *word = get(&mut from)?;
            }
            let socket = if get(&mut from)? == 0 { None } else { Some(descriptor()?) };
            let tail = get_bytes(&mut from)?;
            let mut output = Vec::new();
            for _ in 0..get(&mut from)? {
                output.push(match get(&mut from)? {
                    BYTES => Waits::Bytes(get_bytes(&mut from)?),
                    FILE => Waits::File { offset: get(&mut from)?, left: get(&mut from)?, file: descriptor()?.into() },
                    _ => return Err(nonsense()),
                });
            }
            parcels.push(Self { id, words, socket, tail, output, on_ring: Flags::NONE, has_no_worker: false });
        }
        if descriptors.is_empty() { Ok(parcels) } else { Err(nonsense()) }
    }
}

/// The kinds of what waits.
const BYTES: u64 = 0;
const FILE: u64 = 1;

fn put(out: &mut impl Write, number: u64) -> io::Result<()> {
    out.write_all(&number.to_le_bytes())
}

fn put_bytes(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    put(out, bytes.len() as u64)?;
    out.write_all(bytes)
}

fn get(from: &mut impl Read) -> io::Result<u64> {
    let mut number = [0; 8];
    from.read_exact(&mut number)?;
    Ok(u64::from_le_bytes(number))
}

fn get_bytes(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = get(from)?;
    let mut bytes = Vec::new();
    // No more than there is, whatever the number says.
    let got = from.by_ref().take(length).read_to_end(&mut bytes)?;
    if got as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
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
            && (!P::PACKETS || self.holds_no_packets())
            && !self.own_sessions().any(|found| waits(found.row))
    }

    fn own_sessions(&self) -> impl Iterator<Item = Found> + use<P> {
        let (sessions, index) = (self.sessions, self.index);
        // Numbers count up: rows beyond that have never been used, and a look at them would only cost their memory. Relaxed: it counts up.
        let used = (self.memory.header().accepted.load(Ordering::Relaxed) as usize).saturating_add(1).min(sessions.rows());
        (0..used).filter_map(move |row| sessions.at(row).filter(|found| found.row.reactor() == index))
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
        let mut on_rings: HashMap<u64, Flags> = HashMap::new();
        for tag in self.workers.iter_mut().flat_map(|lane| lane.to.unconsumed()) {
            let due = match ToWorker::from_u8(tag.kind) {
                Some(ToWorker::Close) => Flags::CLOSE_DUE,
                Some(ToWorker::BufferFull) => Flags::FULL_DUE,
                Some(ToWorker::BufferEmpty) => Flags::EMPTY_DUE,
                _ => continue,
            };
            let all = on_rings.entry(tag.session).or_insert(Flags::NONE);
            *all = all.and(due);
        }
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
            let on_ring = on_rings.get(&found.id.get()).copied().unwrap_or(Flags::NONE);
            parcels.push(Parcel { id: found.id, words, socket, tail, output, on_ring, has_no_worker: false });
        }
        self.publish_queued();
        Left { parcels, file_lines: self.workers.into_iter().map(|lane| lane.files).collect() }
    }

    /// [master] Takes up a session of this reactor, before its thread runs.
    pub(crate) fn take_up(&mut self, parcel: Parcel) {
        let Parcel { id, words, socket, tail, output, on_ring, has_no_worker } = parcel;
        let descriptor = socket.map_or(-1, IntoRawFd::into_raw_fd);
        let found = self.sessions.put(id, &words, descriptor.cast_unsigned());
        let row = found.row;
        if on_ring.contains(Flags::CLOSE_DUE) {
            // The next worker comes to it.
            row.clear(Flags::CLOSE_DUE);
            row.set(Flags::CLOSE_PUBLISHED);
        }
        match (P::MODE, row.uid()) {
            (Mode::LeastConn, _) if has_no_worker => row.move_to(self.chooser.shares.add_session(row.worker())),
            (Mode::LeastConn, _) => self.chooser.shares.has_session(row.worker()),
            (Mode::Ip, _) if has_no_worker && let Some(address) = by_address(&row.place().remote) => {
                row.move_to((address % self.memory.settings.workers as u64) as usize);
            }
            // It may have been on its way to that one.
            (Mode::Uid, Some(uid)) => row.move_to(self.worker_of(uid)),
            _ => {}
        }
        for waits in output {
            match waits {
                Waits::Bytes(bytes) => self.outputs.append_bytes(row, &bytes),
                Waits::File { file, offset, left } => {
                    self.outputs.append_file(row, file, FilePart { number: 0, offset, length: left });
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(id: u64, socket: Option<OwnedFd>, output: Vec<Waits>) -> Parcel {
        let words = core::array::from_fn(|at| id * 100 + at as u64);
        let tail = vec![id as u8; id as usize];
        Parcel { id: SessionId::new(id).expect("not 0"), words, socket, tail, output, on_ring: Flags::NONE, has_no_worker: false }
    }

    fn file() -> File {
        File::open("/proc/self/exe").expect("it is there")
    }

    #[test]
    fn parcels_come_back_as_what_they_were() {
        let waits = || vec![Waits::Bytes(vec![7; 100_000]), Waits::File { file: file(), offset: 3, left: u64::MAX }, Waits::Bytes(vec![8])];
        let parcels = [parcel(1, None, Vec::new()), parcel(2, Some(file().into()), waits()), parcel(900, Some(file().into()), Vec::new())];
        let (note, descriptors) = Parcel::pack(&parcels).expect("memory is left");
        assert_eq!(descriptors.len(), 3);
        let copies =
            |count: usize| descriptors.iter().take(count).map(|fd| fd.try_clone_to_owned().expect("one is left")).collect::<Vec<_>>();
        let copy = || note.try_clone().expect("a descriptor is left");
        let back = Parcel::unpack(copy(), copies(3)).expect("they are parcels");
        for (one, other) in parcels.iter().zip(&back) {
            assert_eq!((one.id, one.words, &one.tail, one.socket.is_some()), (other.id, other.words, &other.tail, other.socket.is_some()));
            for (one, other) in one.output.iter().zip(&other.output) {
                match (one, other) {
                    (Waits::Bytes(one), Waits::Bytes(other)) => assert_eq!(one, other),
                    (Waits::File { offset, left, .. }, Waits::File { offset: its_offset, left: its_left, .. }) => {
                        assert_eq!((offset, left), (its_offset, its_left));
                    }
                    _ => panic!("of another kind"),
                }
            }
            assert_eq!(one.output.len(), other.output.len());
        }
        assert_eq!(back.len(), parcels.len());
        // One descriptor too few, or too many.
        assert!(Parcel::unpack(copy(), copies(2)).is_err());
        assert!(Parcel::unpack(copy(), copies(3).into_iter().chain(copies(1)).collect()).is_err());
    }

    #[test]
    fn nonsense_is_an_error_wherever_it_ends() {
        let parcels = [parcel(3, None, vec![Waits::Bytes(vec![1; 9])])];
        let (note, _) = Parcel::pack(&parcels).expect("memory is left");
        let length = File::from(note.try_clone().expect("a descriptor is left")).metadata().expect("it has some").len();
        for cut in 0..length {
            let file = File::from(note.try_clone().expect("a descriptor is left"));
            file.set_len(cut).expect("it can be cut");
            assert!(Parcel::unpack(note.try_clone().expect("one is left"), Vec::new()).is_err(), "{cut}");
            let (again, _) = Parcel::pack(&parcels).expect("memory is left");
            let mut bytes = Vec::new();
            handover::reader(again).and_then(|mut from| from.read_to_end(&mut bytes)).expect("it can be read");
            let mut file = file;
            std::io::Seek::rewind(&mut file).and_then(|()| file.write_all(&bytes)).expect("it can be written");
        }
        assert!(Parcel::unpack(note, Vec::new()).is_ok());
    }
}
