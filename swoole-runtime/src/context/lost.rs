//! What a dead worker was in the middle of, as its successor is told.

use super::packets::PacketSource;
use crate::{
    event::CloseReason,
    id::{SessionId, TaskId, WorkerId},
};
use serde_core::de::DeserializeOwned;

/// What this worker's dead predecessor had begun and not ended. `on_lost` gets it once, to answer or to do over.
#[derive(Debug)]
pub struct Lost {
    pub(crate) session: SessionId,
    pub(crate) source: Option<PacketSource>,
    pub(crate) kind: LostKind,
    /// `None` for what had none, or cannot be read any more.
    pub(crate) data: Option<Vec<u8>>,
}

/// Which callback the predecessor was in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LostKind {
    /// `on_connect`. It counts as run.
    Connect,
    /// `on_receive`, with [`Lost::data`].
    Receive,
    /// `on_close`, with this reason. It counts as run.
    Close(CloseReason),
    /// `on_buffer_full`.
    BufferFull,
    /// `on_buffer_empty`.
    BufferEmpty,
    /// `on_packet`, with [`Lost::source`] and [`Lost::data`].
    Packet,
    /// `on_finish`, or a closure, with the output of this job: see [`Lost::read`].
    Finish(TaskId),
    /// `on_pipe_message`, with a message from this process: see [`Lost::read`].
    Message(WorkerId),
}

impl Lost {
    /// The session it was serving, which is open unless the kind is [`LostKind::Close`] or the client has gone. Of a packet, a job
    /// and a message, which belong to none, it is an id that no session ever has.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Where the packet came from that `on_packet` was called with; `None` for the other kinds.
    #[must_use]
    pub fn source(&self) -> Option<&PacketSource> {
        self.source.as_ref()
    }

    /// Which callback it was in.
    #[must_use]
    pub fn kind(&self) -> LostKind {
        self.kind
    }

    /// The output that `on_finish` was called with, or the message of `on_pipe_message`, read as the type that it has there; bytes as a
    /// `Vec<u8>`, a text as a `String`. `None` for the other kinds, for what is of another type, and for a job that had no output.
    ///
    /// ```
    /// # use swoole_runtime::context::{Lost, LostKind};
    /// fn again(lost: &Lost) -> Option<u64> {
    ///     match lost.kind() {
    ///         LostKind::Finish(_task_id) => lost.read::<u64>(),
    ///         _ => None,
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        let is_written = matches!(self.kind, LostKind::Finish(_) | LostKind::Message(_));
        postcard::from_bytes(self.data.as_ref().filter(|_| is_written)?).ok()
    }

    /// The bytes that `on_receive` or `on_packet` was called with; as they travelled, those of `on_finish` and `on_pipe_message`; empty for
    /// the other kinds.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.data.as_deref().unwrap_or_default()
    }
}
