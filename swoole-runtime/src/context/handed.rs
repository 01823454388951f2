//! What travels: what a worker may have at hand for a job, the job itself or what its bytes are as well; and what comes back.

use super::tasks::{GivenJob, Task};
use crate::job::Written;
use core::marker::PhantomData;
use serde_core::{Serialize, de::DeserializeOwned};

/// What can be handed over where `on_task` takes a `T`: for a `Task<Job>` a `Job`, and for bytes and texts whatever holds such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what `on_task` takes, which is `{T}`",
    label = "must be the job of a `{T}`",
    note = "a job is read in the task worker as the type that `on_task` names"
)]
pub trait HandedAs<T> {
    /// Writes the job; how long it is, or `None` where there is no room.
    fn write_as_job(&self, space: &mut [u8]) -> Option<usize>;
    /// The same in memory of its own; `None` for what cannot be written at all.
    fn to_job(&self) -> Option<Vec<u8>>;
}

impl<J: Serialize> HandedAs<Task<J>> for J {
    fn write_as_job(&self, space: &mut [u8]) -> Option<usize> {
        postcard::to_slice(self, space).ok().map(|written| written.len())
    }

    fn to_job(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }
}

/// What can be sent where `on_pipe_message` takes an `M`: an `M`, and for bytes and texts whatever holds such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what `on_pipe_message` takes, which is `{M}`",
    label = "must be a `{M}`",
    note = "a message is read in the other process as the type that `on_pipe_message` takes",
    note = "help: write `send_message(to, &message)`, with a `{M}` for `message`"
)]
pub trait SentAs<M> {
    /// Writes the message; how long it is, or `None` where there is no room.
    fn write_as_message(&self, space: &mut [u8]) -> Option<usize>;
    /// The same in memory of its own; `None` for what cannot be written at all.
    fn to_message(&self) -> Option<Vec<u8>>;
}

impl<M: Serialize> SentAs<M> for M {
    fn write_as_message(&self, space: &mut [u8]) -> Option<usize> {
        postcard::to_slice(self, space).ok().map(|written| written.len())
    }

    fn to_message(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }
}

/// A job for an `on_task` that takes a `T`.
pub(super) struct AsJob<'a, P: ?Sized, T>(pub(super) &'a P, pub(super) PhantomData<fn() -> T>);

impl<T, P: HandedAs<T> + ?Sized> Written for AsJob<'_, P, T> {
    fn write(&self, space: &mut [u8]) -> Option<usize> {
        self.0.write_as_job(space)
    }

    fn to_vec(&self) -> Option<Vec<u8>> {
        self.0.to_job()
    }
}

/// A message for an `on_pipe_message` that takes an `M`.
pub(super) struct AsMessage<'a, P: ?Sized, M>(pub(super) &'a P, pub(super) PhantomData<fn() -> M>);

impl<M, P: SentAs<M> + ?Sized> Written for AsMessage<'_, P, M> {
    fn write(&self, space: &mut [u8]) -> Option<usize> {
        self.0.write_as_message(space)
    }

    fn to_vec(&self) -> Option<Vec<u8>> {
        self.0.to_message()
    }
}

/// What `on_task` has returned.
pub(super) struct AsOutput<'a, O>(pub(super) &'a O);

impl<O: Serialize> Written for AsOutput<'_, O> {
    fn write(&self, space: &mut [u8]) -> Option<usize> {
        postcard::to_slice(self.0, space).ok().map(|written| written.len())
    }

    fn to_vec(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self.0).ok()
    }
}

/// What can come back from a task worker.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot travel back from a task worker",
    label = "has no `Serialize`, or no `Deserialize`",
    note = "what `on_task` returns is written into shared memory, and read in the worker that asked",
    note = "help: `{Self}` needs `serde::Serialize` and `serde::Deserialize`; a type of yours gets both by `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait OutputOfOnTask: Sized {
    /// The job is done, unless `task.finish` has said so before.
    fn finish(self, done: &GivenJob<'_>);
    /// What was written so, unless it was of another type.
    fn read(bytes: &[u8]) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<O: Serialize + DeserializeOwned> OutputOfOnTask for O {
    fn finish(self, done: &GivenJob<'_>) {
        done.finish(&self);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }
}

/// Bytes as `postcard` writes them: their number, seven bits a byte, and themselves.
fn write_bytes(bytes: &[u8], space: &mut [u8]) -> Option<usize> {
    let (head, length) = head_of(bytes.len());
    let end = length.checked_add(bytes.len())?;
    space.get_mut(..length)?.copy_from_slice(&head[..length]);
    space.get_mut(length..end)?.copy_from_slice(bytes);
    Some(end)
}

fn head_of(mut number: usize) -> ([u8; 10], usize) {
    let (mut head, mut length) = ([0; 10], 0);
    loop {
        let more = number >> 7;
        head[length] = (number & 0x7f) as u8 | if more > 0 { 0x80 } else { 0 };
        length += 1;
        if more == 0 {
            return (head, length);
        }
        number = more;
    }
}

fn bytes_to_vec(bytes: &[u8]) -> Vec<u8> {
    let (head, length) = head_of(bytes.len());
    [&head[..length], bytes].concat()
}

macro_rules! bytes {
    ($( [$($parameters:tt)*] $at_hand:ty as $job:ty, by $bytes:ident )+) => { $(
        impl<$($parameters)*> HandedAs<Task<$job>> for $at_hand {
            fn write_as_job(&self, space: &mut [u8]) -> Option<usize> {
                write_bytes(self.$bytes(), space)
            }

            fn to_job(&self) -> Option<Vec<u8>> {
                Some(bytes_to_vec(self.$bytes()))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($parameters)*> SentAs<$job> for $at_hand {
            fn write_as_message(&self, space: &mut [u8]) -> Option<usize> {
                write_bytes(self.$bytes(), space)
            }

            fn to_message(&self) -> Option<Vec<u8>> {
                Some(bytes_to_vec(self.$bytes()))
            }
        }
    )+ };
}

bytes! {
    ['job] [u8] as &'job [u8], by as_ref
    ['job] Vec<u8> as &'job [u8], by as_ref
    ['job, const N: usize] [u8; N] as &'job [u8], by as_slice
    ['job] Box<[u8]> as &'job [u8], by as_ref
    ['job] std::sync::Arc<[u8]> as &'job [u8], by as_ref
    ['job] std::borrow::Cow<'_, [u8]> as &'job [u8], by as_ref
    [] [u8] as Vec<u8>, by as_ref
    [const N: usize] [u8; N] as Vec<u8>, by as_slice
    ['job] str as &'job str, by as_bytes
    ['job] String as &'job str, by as_bytes
    [] &str as String, by as_bytes
    [] &[u8] as Vec<u8>, by as_ref
    [] str as String, by as_bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_postcard_does() {
        for length in [0, 1, 127, 128, 300, 20_000] {
            let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let ours = HandedAs::<Task<&[u8]>>::to_job(bytes.as_slice()).unwrap();
            assert_eq!(ours, postcard::to_allocvec(&bytes).unwrap(), "{length}");
            assert_eq!(postcard::from_bytes::<&[u8]>(&ours).unwrap(), bytes);
            let mut space = vec![0; ours.len()];
            assert_eq!(HandedAs::<Task<&[u8]>>::write_as_job(&bytes, &mut space), Some(ours.len()));
            assert_eq!(space, ours);
            assert_eq!(HandedAs::<Task<&[u8]>>::write_as_job(&bytes, &mut space[1..]), None);
        }
    }
}
