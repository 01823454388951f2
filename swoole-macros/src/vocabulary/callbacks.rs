//! The callbacks: name, signature, and whether a server can do without.

use proc_macro2::TokenStream;
use quote::quote;

/// A method of the block that the server calls.
pub(crate) struct Callback {
    pub(crate) name: &'static str,
    /// The trait of the runtime that says in words what this callback takes.
    pub(crate) takes: &'static str,
    /// Whether it has `&mut self` in front: it runs in a worker, which has the state.
    pub(crate) has_state: bool,
    pub(crate) parameters: &'static [(&'static str, Given)],
    pub(crate) returns: Returns,
    /// Why a server with a stream listener cannot do without it; `None` where it can.
    pub(crate) needed_because: Option<&'static str>,
    /// Other names for the same thing, without `on_`.
    pub(crate) synonyms: &'static [&'static str],
}

/// What a callback is given as a parameter.
#[derive(Clone, Copy)]
pub(crate) enum Given {
    Master,
    Manager,
    WorkerStart,
    Worker,
    Session,
    MaybeSession,
    Data,
    Reason,
    Exit,
    Message,
    Lost,
}

/// What a callback may return.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    /// Nothing, or a result.
    Outcome,
    /// `Self`, or a result with it.
    State,
}

impl Given {
    /// As the user writes it.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Master => "&Master",
            Self::Manager => "&Manager",
            Self::WorkerStart => "&WorkerStart",
            Self::Worker => "&Worker<Self>",
            Self::Session => "SessionId",
            Self::MaybeSession => "Option<SessionId>",
            Self::Data => "&[u8]",
            Self::Reason => "CloseReason",
            Self::Exit => "&WorkerExit",
            Self::Message => "&str",
            Self::Lost => "&Lost",
        }
    }

    /// As the expansion writes it.
    pub(crate) fn tokens(self) -> TokenStream {
        match self {
            Self::Master => quote!(&::swoole::Master),
            Self::Manager => quote!(&::swoole::Manager),
            Self::WorkerStart => quote!(&::swoole::WorkerStart),
            Self::Worker => quote!(&::swoole::Worker<Self>),
            Self::Session => quote!(::swoole::SessionId),
            Self::MaybeSession => quote!(::core::option::Option<::swoole::SessionId>),
            Self::Data => quote!(&[::core::primitive::u8]),
            Self::Reason => quote!(::swoole::CloseReason),
            Self::Exit => quote!(&::swoole::WorkerExit),
            Self::Message => quote!(&::core::primitive::str),
            Self::Lost => quote!(&::swoole::Lost),
        }
    }
}

impl Callback {
    /// The parameters between the parentheses, as the user writes them.
    pub(crate) fn parameters_text(&self) -> String {
        let state = self.has_state.then(|| "&mut self".to_owned());
        let parameters = self.parameters.iter().map(|(name, given)| format!("{name}: {}", given.text()));
        state.into_iter().chain(parameters).collect::<Vec<_>>().join(", ")
    }

    /// The line to write, up to its body; `returns` is what the user wrote behind the parameters, if anything.
    pub(crate) fn signature(&self, returns: Option<&str>) -> String {
        let returns = match (returns, self.returns) {
            (Some(written), _) => format!(" {written}"),
            (None, Returns::State) => " -> Self".to_owned(),
            (None, Returns::Outcome) => String::new(),
        };
        format!("fn {}({}){returns}", self.name, self.parameters_text())
    }
}

/// The callback of this name.
pub(crate) fn callback(name: &str) -> Option<&'static Callback> {
    CALLBACKS.iter().find(|callback| callback.name == name)
}

macro_rules! callbacks {
    ($( $name:ident $takes:ident $($with_state:ident)? ($($parameter:ident: $given:ident),+) $returns:ident
        { $(needed $because:literal)? $(also $($synonym:literal)+)? } )+) => {
        &[ $( Callback {
            name: stringify!($name),
            takes: stringify!($takes),
            has_state: callbacks!(@has $($with_state)?),
            parameters: &[ $( (stringify!($parameter), Given::$given) ),+ ],
            returns: Returns::$returns,
            needed_because: callbacks!(@because $($because)?),
            synonyms: &[ $($($synonym),+)? ],
        } ),+ ]
    };
    (@has with_state) => { true };
    (@has) => { false };
    (@because $because:literal) => { Some($because) };
    (@because) => { None };
}

/// The callbacks, in the order of a server's life.
pub(crate) const CALLBACKS: &[Callback] = callbacks! {
    on_start ParameterOfOnStart (master: Master) Outcome { also "boot" "master_start" "server_start" "ready" }
    on_manager_start ParameterOfOnManagerStart (manager: Manager) Outcome {}
    on_worker_start ParameterOfOnWorkerStart (worker: WorkerStart) State { also "init" "new" "worker_init" "create" }
    on_connect ParameterOfOnConnect with_state (worker: Worker, fd: Session) Outcome {
        needed "a stream listener runs it when a client has connected, in the worker that serves this session"
        also "open" "accept" "connection" "connected" "session"
    }
    on_receive ParameterOfOnReceive with_state (worker: Worker, fd: Session, data: Data) Outcome {
        needed "a stream listener runs it for what clients send, and nothing else reads that"
        also "data" "message" "read" "recv" "bytes" "input"
    }
    on_close ParameterOfOnClose with_state (worker: Worker, fd: Session, reason: Reason) Outcome {
        needed "a stream listener runs it as the last event of a session, so that what belongs to the session can be let go"
        also "disconnect" "disconnected" "closed" "end" "hangup"
    }
    on_lost ParameterOfOnLost with_state (worker: Worker, lost: Lost) Outcome { also "recover" "crash" "orphan" }
    on_panic ParameterOfOnPanic (worker: Worker, fd: MaybeSession, message: Message) Outcome { also "fatal" "abort" }
    on_worker_stop ParameterOfOnWorkerStop with_state (worker: Worker) Outcome { also "drop" "worker_shutdown" "worker_end" }
    on_worker_error ParameterOfOnWorkerError (manager: Manager, exit: Exit) Outcome { also "error" "worker_died" "worker_crash" "failure" }
    on_manager_stop ParameterOfOnManagerStop (manager: Manager) Outcome { also "manager_shutdown" }
    on_shutdown ParameterOfOnShutdown (master: Master) Outcome { also "stop" "exit" "quit" "server_stop" "master_stop" }
};

/// Callbacks that are known and that this release does not have.
pub(crate) const CALLBACKS_NOT_YET: &[&str] = &[
    "on_packet",
    "on_task",
    "on_finish",
    "on_timer",
    "on_pipe_message",
    "on_worker_exit",
    "on_buffer_full",
    "on_buffer_empty",
    "on_before_reload",
    "on_after_reload",
    "on_request",
    "on_handshake",
];
