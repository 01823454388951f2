//! The dispatch table and what each callback takes, made of the rows of `swoole-vocabulary`. Used by the expansion of
//! `#[swoole::server]` and by the processes that run the callbacks.

use super::{Outcome, no_state};
use crate::{
    context::{FinishedJob, GivenJob, Lost, Manager, Master, PacketSource, SentMessage, TaskWorker, Worker, WorkerExit, WorkerStart},
    error::Failure,
    event::CloseReason,
    id::{SessionId, TaskId, WorkerId},
};
use core::time::Duration;
use swoole_vocabulary::callbacks;

macro_rules! define {
    (@given $S:ident Master) => { &Master };
    (@given $S:ident Manager) => { &Manager };
    (@given $S:ident WorkerStart) => { &WorkerStart };
    (@given $S:ident Worker) => { &Worker<$S> };
    (@given $S:ident Session) => { SessionId };
    (@given $S:ident MaybeSession) => { Option<SessionId> };
    (@given $S:ident Data) => { &[u8] };
    (@given $S:ident Source) => { &PacketSource };
    (@given $S:ident Reason) => { CloseReason };
    (@given $S:ident Exit) => { &WorkerExit };
    (@given $S:ident Message) => { &str };
    (@given $S:ident Lost) => { &Lost };
    (@given $S:ident Period) => { Duration };
    (@given $S:ident TaskWorker) => { &TaskWorker<$S> };
    (@given $S:ident Task) => { GivenJob<'_> };
    (@given $S:ident TaskId) => { TaskId };
    (@given $S:ident Output) => { &FinishedJob<'_> };
    (@given $S:ident Sender) => { WorkerId };
    (@given $S:ident Sent) => { SentMessage<'_> };

    // `on_worker_start` is there in any case: `Default` stands in for it.
    (@row $S:ident State [$($given:ident)+]) => { fn($(define!(@given $S $given)),+) -> Result<$S, Failure> };
    // The job, and what becomes of it, is read and written behind this.
    (@row $S:ident Output self [$($given:ident)+]) => { Option<fn(&mut $S, $(define!(@given $S $given)),+)> };
    (@row $S:ident Outcome [$($given:ident)+]) => { Option<fn($(define!(@given $S $given)),+) -> Outcome> };
    (@row $S:ident Outcome self [$($given:ident)+]) => { Option<fn(&mut $S, $(define!(@given $S $given)),+) -> Outcome> };

    (@absent $S:ident State) => { no_state::<$S> };
    (@absent $S:ident Outcome) => { None };
    (@absent $S:ident Output) => { None };

    ($( $(#[doc = $doc:literal])+ $name:ident by $takes:ident $([$state:ident])? ($($parameter:ident: $given:ident),+) $returns:ident
        in $process:literal, original $original:literal, says $message:literal $help:literal,
        $(needed $because:literal,)? also [$($also:literal)*]; )+) => {
        /// The callbacks of a server, each `None` where the block has none.
        ///
        /// An associated constant of this type is known when the program is compiled, so a present callback is called directly and an
        /// absent one leaves nothing behind.
        pub struct Dispatch<S: 'static> {
            $( $(#[doc = $doc])+ pub $name: define!(@row S $returns $($state)? [$($given)+]), )+
        }

        /// A table without callbacks, of which the expansion replaces those that a block has.
        #[must_use]
        pub const fn no_callbacks<S>() -> Dispatch<S> {
            Dispatch { $( $name: define!(@absent S $returns), )+ }
        }

        $(
            #[doc = $help]
            ///
            /// A parameter of the type `T` that is given a `G` is written `<T as ParameterOf…<G>>::given(…)`, which holds where both are
            /// one type.
            #[diagnostic::on_unimplemented(message = $message, label = "must be `{Given}`", note = $help)]
            pub trait $takes<Given> {
                /// What the server gives, which is what the callback takes.
                fn given(given: Given) -> Self;
            }

            #[diagnostic::do_not_recommend]
            impl<T> $takes<T> for T {
                #[inline(always)]
                fn given(given: T) -> T {
                    given
                }
            }
        )+
    };
}

callbacks!(define);
