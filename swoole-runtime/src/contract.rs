//! What the attribute emits and the runtime runs: the settings, the dispatch table, and how results of callbacks are read.

mod callbacks;
mod messages;
mod processes;
mod tasks;

pub use crate::context::{
    FinishedJob, GivenJob, OutputOfOnTask, PipeMessage, RunsTasks, SentMessage, TakesMessages, UnnamedServer, calls_of_a_task_worker,
    calls_of_a_user_process, calls_of_a_worker, calls_of_the_manager, calls_of_the_master, calls_of_worker_start,
};
pub use callbacks::*;
pub use messages::*;
pub use processes::*;
pub use tasks::*;

pub use crate::error::{CallbackReturn, ErrorInWords};

pub use crate::dispatch::Mode;
pub use crate::frame::{ByteOrder, Framing, LengthField};
pub use crate::settings::Listener;

use crate::{
    context::{PacketSource, SessionInfo, Worker, WorkerStart},
    error::Failure,
    event::CloseReason,
    id::SessionId,
    settings::Settings,
};

/// A server: what `#[swoole::server]` makes of an impl block. Not meant to be written by hand.
pub trait Server: Sized + 'static {
    /// The keys of the attribute.
    const SETTINGS: Settings;
    /// The listeners beside the main one.
    const LISTENERS: &'static [Listener] = &[];
    /// The callbacks of the block.
    const DISPATCH: Dispatch<Self>;
    /// What each of the listeners beside the main one calls, in their order.
    const CALLBACKS_OF_LISTENERS: &'static [CallbacksOfListener<Self>] = &[];
    /// How what comes in is cut into packages: of the main listener, then of each of the others; empty where none has a frame.
    const FRAMES: &'static [Option<Framing>] = &[];
    /// Which worker gets what a session sends.
    const DISPATCHING: Dispatching = Dispatching { mode: Mode::Fixed, function: None, has_events: true };
    /// The user processes of the attribute, in the order of their slots.
    const PROCESSES: &'static [Process<Self>] = &[];
}

/// How what sessions send finds its worker.
#[derive(Clone, Copy)]
pub struct Dispatching {
    /// By what a worker is chosen.
    pub mode: Mode,
    /// The function of [`Mode::Function`].
    pub function: Option<fn(&SessionInfo, &[u8]) -> crate::dispatch::Dispatch>,
    /// Whether `on_connect` and `on_close` run.
    pub has_events: bool,
}

/// What a listener beside the main one calls: methods of its own, and where it names none those of the main one.
pub struct CallbacksOfListener<S: 'static> {
    /// A client has connected.
    pub on_connect: OnConnect<S>,
    /// A client has sent something.
    pub on_receive: OnReceive<S>,
    /// The last event of a session.
    pub on_close: OnClose<S>,
    /// A packet has come in.
    pub on_packet: OnPacket<S>,
}

/// A callback as the table has it.
pub type OnConnect<S> = Option<fn(&mut S, &Worker<S>, SessionId) -> Outcome>;
/// A callback as the table has it.
pub type OnReceive<S> = Option<fn(&mut S, &Worker<S>, SessionId, &[u8]) -> Outcome>;
/// A callback as the table has it.
pub type OnClose<S> = Option<fn(&mut S, &Worker<S>, SessionId, CloseReason) -> Outcome>;

/// A callback as the table has it.
pub type OnPacket<S> = Option<fn(&mut S, &Worker<S>, &PacketSource, &[u8]) -> Outcome>;

/// What is called for what comes by this listener, sessions or packets, by its number in their records.
///
/// Without listeners beside the main one the table has no rows, so this is the main one's callback as if it were asked for by itself.
macro_rules! callback_of {
    ($name:ident, $returns:ident) => {
        #[inline(always)]
        pub(crate) fn $name<S: Server>(listener: u8) -> $returns<S> {
            let others = S::CALLBACKS_OF_LISTENERS;
            if others.is_empty() || listener == 0 {
                return S::DISPATCH.$name;
            }
            others.get(usize::from(listener) - 1).map_or(S::DISPATCH.$name, |own| own.$name)
        }
    };
}
callback_of!(on_connect, OnConnect);
callback_of!(on_receive, OnReceive);
callback_of!(on_close, OnClose);
callback_of!(on_packet, OnPacket);

/// Whether anything may be too large for a ring, and lie in a cell beside it.
pub(crate) const fn has_cells<S: Server>() -> bool {
    !S::FRAMES.is_empty() || takes_packets::<S>()
}

/// Whether any listener has an `on_packet`: known when the program is compiled.
pub(crate) const fn takes_packets<S: Server>() -> bool {
    let (others, mut at) = (S::CALLBACKS_OF_LISTENERS, 0);
    while at < others.len() {
        if others[at].on_packet.is_some() {
            return true;
        }
        at += 1;
    }
    S::DISPATCH.on_packet.is_some()
}

/// What every callback comes back with once [`CallbackReturn`] has read it.
pub type Outcome = Result<(), Failure>;

/// What `on_worker_start` may return for a server of type `S`: the state, or a result with it.
#[diagnostic::on_unimplemented(
    message = "`on_worker_start` of `{S}` cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "`on_worker_start` builds the state that the other callbacks of this worker get as `&mut self`",
    note = "help: return `Self`, or `Result<Self, E>` with an `E` that implements `Display`"
)]
pub trait StateReturn<S> {
    /// The state, or the error in words.
    ///
    /// # Errors
    /// What the callback returned as its error.
    fn state(self) -> Result<S, Failure>;
}

impl<S> StateReturn<S> for S {
    fn state(self) -> Result<S, Failure> {
        Ok(self)
    }
}

impl<S, E: ErrorInWords> StateReturn<S> for Result<S, E> {
    fn state(self) -> Result<S, Failure> {
        self.map_err(|e| Failure(e.words()))
    }
}

/// A type whose first value needs no `on_worker_start`.
#[diagnostic::on_unimplemented(
    message = "the state of `{Self}` cannot be built",
    label = "has no `on_worker_start` and no `Default`",
    note = "each worker process builds one value of `{Self}` when it starts",
    note = "help: add `#[derive(Default)]` to `{Self}`, or `fn on_worker_start(worker: &WorkerStart) -> Self` to the block"
)]
pub trait InitialState: Sized {
    /// The first value: what stands in the dispatch table where the block has no `on_worker_start`.
    ///
    /// # Errors
    /// None: `Default` cannot fail.
    fn initial_state(worker: &WorkerStart) -> Result<Self, Failure>;
}

impl<S: Default> InitialState for S {
    fn initial_state(_worker: &WorkerStart) -> Result<S, Failure> {
        Ok(S::default())
    }
}

/// Stands in the dispatch table where an `on_worker_start` has a fault that the compiler reports, and is never called.
///
/// # Errors
/// Always.
pub fn no_state<S>(_worker: &WorkerStart) -> Result<S, Failure> {
    Err(Failure("this server was not compiled".to_owned()))
}
