//! What travels on the rings, and the words for it. Used by both ends: reactors, workers, the manager.

use core::fmt;

/// Why a session ended, as `on_close` is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum CloseReason {
    /// The client closed or reset the connection.
    Peer = 1,
    /// This server called `close` or `close_now`.
    Server = 2,
    /// Nothing was received for longer than the idle limit.
    Idle = 3,
    /// More output was waiting for this client than the server may hold.
    Overflow = 4,
    /// The client broke the rules of the framing.
    Protocol = 5,
    /// The worker process that was serving this session died in one of its callbacks.
    WorkerDied = 6,
    /// The server is shutting down.
    Shutdown = 7,
}

impl CloseReason {
    const ALL: [Self; 7] = [Self::Peer, Self::Server, Self::Idle, Self::Overflow, Self::Protocol, Self::WorkerDied, Self::Shutdown];

    pub(crate) fn from_u8(word: u8) -> Option<Self> {
        Self::ALL.get(usize::from(word).checked_sub(1)?).copied()
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "peer",
            Self::Server => "server",
            Self::Idle => "idle",
            Self::Overflow => "overflow",
            Self::Protocol => "protocol",
            Self::WorkerDied => "worker_died",
            Self::Shutdown => "shutdown",
        })
    }
}

/// A callback that runs in a worker because of something on its ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[non_exhaustive]
pub enum Callback {
    /// `on_worker_start`, or `Default::default` where the server has none.
    WorkerStart,
    /// `on_connect`.
    Connect,
    /// `on_receive`.
    Receive,
    /// `on_close`.
    Close,
    /// `on_lost`.
    Lost,
    /// `on_worker_stop`.
    WorkerStop,
    /// `on_task`.
    Task,
    /// `on_finish`, or the closure of a `task_with`.
    Finish,
    /// `on_pipe_message`.
    PipeMessage,
    /// `on_worker_exit`.
    Exit,
    /// `on_buffer_full`.
    BufferFull,
    /// `on_buffer_empty`.
    BufferEmpty,
    /// `on_timer`, or the closure of a `tick` or an `after`.
    Timer,
    /// `on_packet`.
    Packet,
}

impl Callback {
    const ALL: [Self; 14] = [
        Self::WorkerStart,
        Self::Connect,
        Self::Receive,
        Self::Close,
        Self::Lost,
        Self::WorkerStop,
        Self::Task,
        Self::Finish,
        Self::PipeMessage,
        Self::Exit,
        Self::BufferFull,
        Self::BufferEmpty,
        Self::Timer,
        Self::Packet,
    ];

    /// As a word of shared memory: from 1, since 0 means "in no callback".
    pub(crate) fn word(self) -> u64 {
        self as u64 + 1
    }

    pub(crate) fn from_word(word: u64) -> Option<Self> {
        Self::ALL.get(usize::try_from(word).ok()?.checked_sub(1)?).copied()
    }
}

impl fmt::Display for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WorkerStart => "on_worker_start",
            Self::Connect => "on_connect",
            Self::Receive => "on_receive",
            Self::Close => "on_close",
            Self::Lost => "on_lost",
            Self::WorkerStop => "on_worker_stop",
            Self::Task => "on_task",
            Self::Finish => "on_finish",
            Self::PipeMessage => "on_pipe_message",
            Self::Exit => "on_worker_exit",
            Self::BufferFull => "on_buffer_full",
            Self::BufferEmpty => "on_buffer_empty",
            Self::Timer => "on_timer",
            Self::Packet => "on_packet",
        })
    }
}

/// How far a worker is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[repr(u32)]
pub enum State {
    /// Not forked yet, or building its state.
    Starting = 0,
    /// Serving.
    Ready = 1,
    /// Told to stop, or stopping.
    Stopping = 2,
}

/// The kind of a record on a ring from a reactor to a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum ToWorker {
    Connect = 1,
    Data = 2,
    /// Detail: the [`CloseReason`].
    Close = 3,
    /// As much output waits as the high watermark says.
    BufferFull = 4,
    /// Behind that: as little as the low one says.
    BufferEmpty = 5,
    /// Say so when this is reached: what came before is done then.
    Through = 6,
    /// Of no session; in front of its bytes stands its source.
    Packet = 7,
}

impl ToWorker {
    pub(crate) fn from_u8(word: u8) -> Option<Self> {
        [Self::Connect, Self::Data, Self::Close, Self::BufferFull, Self::BufferEmpty, Self::Through, Self::Packet]
            .get(usize::from(word).checked_sub(1)?)
            .copied()
    }

    /// The callback this record begins, if it begins one.
    pub(crate) fn callback(self) -> Option<Callback> {
        match self {
            Self::Connect => Some(Callback::Connect),
            Self::Data => Some(Callback::Receive),
            Self::Close => Some(Callback::Close),
            Self::BufferFull => Some(Callback::BufferFull),
            Self::BufferEmpty => Some(Callback::BufferEmpty),
            Self::Packet => Some(Callback::Packet),
            Self::Through => None,
        }
    }
}

/// The kind of a record on a ring from a worker or the manager to a reactor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum ToReactor {
    /// The bytes are on the ring.
    Send = 1,
    /// The bytes are in a large cell of the sender; detail: which.
    SendLarge = 2,
    /// End the session after what is queued; detail: the [`CloseReason`].
    Close = 3,
    /// End the session at once with a reset.
    CloseNow = 4,
    /// `on_close` has run: the row may be freed.
    Closed = 5,
    /// Struck out by the manager: a dead worker had written nonsense here.
    Nothing = 6,
    /// Read nothing of the session until the next word; detail: 1 to read on.
    Pause = 7,
    /// End the session for no silence; detail: 0 to do so again.
    Protect = 8,
    /// Whose session it is from now on; the user's number, as 8 bytes on the ring.
    Bind = 9,
    /// A [`ToWorker::Through`] was reached.
    Through = 10,
    /// Send a part of a file that the sender has passed; the bytes on the ring say which.
    SendFile = 11,
}

impl ToReactor {
    const ALL: [Self; 11] = [
        Self::Send,
        Self::SendLarge,
        Self::Close,
        Self::CloseNow,
        Self::Closed,
        Self::Nothing,
        Self::Pause,
        Self::Protect,
        Self::Bind,
        Self::Through,
        Self::SendFile,
    ];

    pub(crate) fn from_u8(word: u8) -> Option<Self> {
        Self::ALL.get(usize::from(word).checked_sub(1)?).copied()
    }
}

/// What the bytes of a [`ToReactor::SendFile`] say. As the consumer finds it, every field is input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FilePart {
    /// Told with the file when it was passed.
    pub(crate) number: u64,
    pub(crate) offset: u64,
    /// More than 0.
    pub(crate) length: u64,
}

impl FilePart {
    pub(crate) const BYTES: usize = 24;

    /// What is told with the file when it is passed.
    pub(crate) fn message(self) -> [u8; 16] {
        u128::from(self.number).to_le_bytes()
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip([self.number, self.offset, self.length]) {
            *to = word.to_le_bytes();
        }
        bytes
    }

    /// `None` for a part that no file has.
    pub(crate) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let mut words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
        let part = Self { number: words.next()?, offset: words.next()?, length: words.next()? };
        let end = part.offset.checked_add(part.length)?;
        (part.length > 0 && i64::try_from(end).is_ok()).then_some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_file_comes_back_unless_no_file_has_it() {
        let is_read = |offset, length| {
            let part = FilePart { number: 7, offset, length };
            FilePart::from_bytes(&part.to_bytes()).inspect(|read| assert_eq!(*read, part)).is_some()
        };
        assert!(is_read(0, 1) && is_read(1 << 40, 1 << 40) && is_read(0, i64::MAX as u64));
        assert!(!is_read(0, 0) && !is_read(1, i64::MAX as u64) && !is_read(u64::MAX, 1) && !is_read(u64::MAX, u64::MAX));
    }
}
