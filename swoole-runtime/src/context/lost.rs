//! What a dead worker was in the middle of, as its successor is told.

use super::packets::PacketSource;
use crate::{event::CloseReason, id::SessionId};

/// The one record that this worker's dead predecessor had begun and not ended. `on_lost` gets it once, to answer or to do over.
#[derive(Debug)]
pub struct Lost {
    pub(crate) session: SessionId,
    pub(crate) source: Option<PacketSource>,
    pub(crate) kind: LostKind,
    pub(crate) data: Vec<u8>,
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
}

impl Lost {
    /// The session it was serving, which is open unless the kind is [`LostKind::Close`] or the client has gone. Of a packet, which belongs to
    /// none, it is an id that no session ever has.
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

    /// The bytes that `on_receive` or `on_packet` was called with; empty for the other kinds.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}
