//! What travels between `send_message` and `on_pipe_message`, by types: the traits say in words where a type cannot be right, and how it
//! is read. Used by the expansion of `#[swoole::server]`.

use super::{AnyJob, Outcome};
use crate::{
    context::{SentAs, SentMessage, TakesMessages, UnnamedServer},
    error::{Failure, MessageError},
};
use serde_core::{Deserialize, Serialize};

/// What can be sent to another process: the last parameter of `on_pipe_message`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel to another worker",
    label = "has no `Serialize`, or no `Deserialize`",
    note = "a message is written into shared memory, and read in another process",
    note = "help: `{Self}` needs `serde::Serialize` and `serde::Deserialize`; a type of yours gets both by `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait PipeMessage<'message>: Sized {
    /// The message that was written so, unless it was of another type.
    fn read(bytes: &'message [u8]) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<'message, M: Serialize + Deserialize<'message>> PipeMessage<'message> for M {
    fn read(bytes: &'message [u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// Reads a message, and calls `on_pipe_message`.
///
/// # Errors
/// What `on_pipe_message` returns as its error, or that the message is of another type.
pub fn run_pipe_message<'message, M>(
    sent: SentMessage<'message>,
    read: fn(&'message [u8]) -> Option<M>,
    call: impl FnOnce(M) -> Outcome,
) -> Outcome {
    match read(sent.bytes()) {
        Some(message) => call(message),
        None => Err(Failure(MessageError::Unreadable.to_string())),
    }
}

/// That its callback has another fault is said there: whatever is sent is right.
#[diagnostic::do_not_recommend]
impl TakesMessages for UnnamedServer {
    type Message<'message> = AnyJob;
}

#[diagnostic::do_not_recommend]
impl<P: ?Sized> SentAs<AnyJob> for P {
    fn write_as_message(&self, _space: &mut [u8]) -> Option<usize> {
        None
    }

    fn to_message(&self) -> Option<Vec<u8>> {
        None
    }
}
