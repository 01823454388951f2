//! What travels between `send_message` and `on_pipe_message`, by types: the traits say in words where a type cannot be right, and how it
//! is read. Used by the expansion of `#[swoole::server]`.

use super::{AnyJob, Outcome};
use crate::{
    context::{PipeMessage, SentAs, SentMessage, TakesMessages, UnnamedServer},
    error::{Failure, MessageError},
};

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

#[diagnostic::do_not_recommend]
impl PipeMessage<'_> for AnyJob {
    fn read(_bytes: &[u8]) -> Option<Self> {
        None
    }
}
