//! The callbacks: the one place that one is added to.

/// Hands every callback to the macro `$then`, which makes of it what its crate needs: the dispatch table, the traits that check its
/// parameters, a table of the documentation.
///
/// A row is its documentation, then its name, the trait by which the compiler checks its parameters, `self` where it runs in a worker
/// that has its state by then, its parameters and what it returns; then the process that it runs in, its name in the original, what the
/// compiler says of a parameter of another type, why a server with sessions needs it if it does, and what else it is called.
#[macro_export]
macro_rules! callbacks {
    ($($then:tt)+) => {
        $($then)+! {
            /// The server has started.
            on_start by ParameterOfOnStart (master: Master) Outcome
                in "the master", original "`onStart`",
                says "`on_start` takes `{Given}` here, not `{Self}`" "help: write `fn on_start(master: &Master)`",
                also ["boot" "master_start" "server_start" "ready"];

            /// First of all in the manager, before it forks the workers.
            on_manager_start by ParameterOfOnManagerStart (manager: Manager) Outcome
                in "the manager", original "`onManagerStart`",
                says "`on_manager_start` takes `{Given}` here, not `{Self}`" "help: write `fn on_manager_start(manager: &Manager)`",
                also [];

            /// First of all in a worker: it builds the state of this process. Without it, `Self` implements `Default`.
            on_worker_start by ParameterOfOnWorkerStart (worker: WorkerStart) State
                in "each worker", original "`onWorkerStart`",
                says "`on_worker_start` takes `{Given}` here, not `{Self}`" "help: write `fn on_worker_start(worker: &WorkerStart) -> Self`",
                also ["init" "new" "worker_init" "create"];

            /// A client has connected.
            on_connect by ParameterOfOnConnect [self] (worker: Worker, fd: Session) Outcome
                in "the worker of the session", original "`onConnect`",
                says "`on_connect` takes `{Given}` here, not `{Self}`" "help: write `fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId)`",
                needed "a stream listener runs it when a client has connected, in the worker that serves this session",
                also ["open" "accept" "connection" "connected" "session"];

            /// A client has sent something. `data` is read where it was received, and is gone when the callback returns.
            on_receive by ParameterOfOnReceive [self] (worker: Worker, fd: Session, data: Data) Outcome
                in "the worker of the session", original "`onReceive`",
                says "`on_receive` takes `{Given}` here, not `{Self}`" "help: write `fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8])`",
                needed "a stream listener runs it for what clients send, and nothing else reads that",
                also ["data" "message" "read" "recv" "rcv" "bytes" "input"];

            /// The last event of a session, and why it has ended.
            on_close by ParameterOfOnClose [self] (worker: Worker, fd: Session, reason: Reason) Outcome
                in "the worker of the session", original "`onClose`",
                says "`on_close` takes `{Given}` here, not `{Self}`" "help: write `fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason)`",
                needed "a stream listener runs it as the last event of a session, so that what belongs to the session can be let go",
                also ["disconnect" "disconnected" "closed" "end" "hangup"];

            /// A packet has come to a datagram listener. `data` is read where it lies, and is gone when the callback returns.
            on_packet by ParameterOfOnPacket [self] (worker: Worker, from: Source, data: Data) Outcome
                in "the worker of its source", original "`onPacket`",
                says "`on_packet` takes `{Given}` here, not `{Self}`" "help: write `fn on_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8])`",
                also ["datagram" "udp" "receive_from"];

            /// So much output waits for a client as `buffer_high_watermark` says: stop sending, or close the session.
            on_buffer_full by ParameterOfOnBufferFull [self] (worker: Worker, fd: Session) Outcome
                in "the worker of the session", original "`onBufferFull`",
                says "`on_buffer_full` takes `{Given}` here, not `{Self}`" "help: write `fn on_buffer_full(&mut self, worker: &Worker<Self>, fd: SessionId)`",
                also ["high_watermark" "buffer_high"];

            /// After `on_buffer_full`: no more than `buffer_low_watermark` waits any more, so go on.
            on_buffer_empty by ParameterOfOnBufferEmpty [self] (worker: Worker, fd: Session) Outcome
                in "the worker of the session", original "`onBufferEmpty`",
                says "`on_buffer_empty` takes `{Given}` here, not `{Self}`" "help: write `fn on_buffer_empty(&mut self, worker: &Worker<Self>, fd: SessionId)`",
                also ["low_watermark" "buffer_low"];

            /// A worker has handed over a job. What it returns travels back; `task.finish(&output)` sends it early.
            on_task by ParameterOfOnTask [self] (task_worker: TaskWorker, task: Task) Output
                in "a task worker", original "`onTask`",
                says "`on_task` takes `{Given}` here, not `{Self}`" "help: write `fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Output`",
                also ["job" "work"];

            /// What `on_task` has returned for a job of this worker.
            on_finish by ParameterOfOnFinish [self] (worker: Worker, task_id: TaskId, output: Output) Outcome
                in "the worker that asked", original "`onFinish`",
                says "`on_finish` takes `{Given}` here, not `{Self}`" "help: write `fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Output)`",
                also ["task_done" "finished"];

            /// Another process of the server has sent a message by `send_message`.
            on_pipe_message by ParameterOfOnPipeMessage [self] (worker: Worker, from: Sender, message: Sent) Outcome
                in "the worker or task worker that it was sent to", original "`onPipeMessage`",
                says "`on_pipe_message` takes `{Given}` here, not `{Self}`" "help: write `fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, message: Message)`",
                also ["ipc" "worker_message"];

            /// One of the periods of `timers` is over.
            on_timer by ParameterOfOnTimer [self] (worker: Worker, period: Period) Outcome
                in "each worker", original "`onTimer`",
                says "`on_timer` takes `{Given}` here, not `{Self}`" "help: write `fn on_timer(&mut self, worker: &Worker<Self>, period: Duration)`",
                also ["interval" "timeout"];

            /// What a dead predecessor was in the middle of, to answer it or to do it over.
            on_lost by ParameterOfOnLost [self] (worker: Worker, lost: Lost) Outcome
                in "the successor of a dead worker", original "–",
                says "`on_lost` takes `{Given}` here, not `{Self}`" "help: write `fn on_lost(&mut self, worker: &Worker<Self>, lost: &Lost)`",
                also ["recover" "crash" "orphan"];

            /// Last words before a worker goes that has panicked; without `self`, which may be half-changed.
            on_panic by ParameterOfOnPanic (worker: Worker, fd: MaybeSession, message: Message) Outcome
                in "the worker that panicked", original "`register_shutdown_function`",
                says "`on_panic` takes `{Given}` here, not `{Self}`" "help: write `fn on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str)`",
                also ["fatal" "abort"];

            /// Last of all in a worker.
            on_worker_stop by ParameterOfOnWorkerStop [self] (worker: Worker) Outcome
                in "each worker", original "`onWorkerStop`",
                says "`on_worker_stop` takes `{Given}` here, not `{Self}`" "help: write `fn on_worker_stop(&mut self, worker: &Worker<Self>)`",
                also ["drop" "worker_shutdown" "worker_end"];

            /// A worker that is to stop still waits for closures of its jobs: run then, and again about every 50 ms, to let go of what would
            /// keep it. Not with `reload_async = false`, where it does not wait.
            on_worker_exit by ParameterOfOnWorkerExit [self] (worker: Worker) Outcome
                in "a worker that is being replaced", original "`onWorkerExit`",
                says "`on_worker_exit` takes `{Given}` here, not `{Self}`" "help: write `fn on_worker_exit(&mut self, worker: &Worker<Self>)`",
                also ["worker_leave"];

            /// A worker has died.
            on_worker_error by ParameterOfOnWorkerError (manager: Manager, exit: Exit) Outcome
                in "the manager", original "`onWorkerError`",
                says "`on_worker_error` takes `{Given}` here, not `{Self}`" "help: write `fn on_worker_error(manager: &Manager, exit: &WorkerExit)`",
                also ["error" "worker_died" "worker_crash" "failure"];

            /// A reload begins.
            on_before_reload by ParameterOfOnBeforeReload (manager: Manager) Outcome
                in "the manager", original "`onBeforeReload`",
                says "`on_before_reload` takes `{Given}` here, not `{Self}`" "help: write `fn on_before_reload(manager: &Manager)`",
                also ["reload"];

            /// A reload is through, or was given up.
            on_after_reload by ParameterOfOnAfterReload (manager: Manager) Outcome
                in "the manager", original "`onAfterReload`",
                says "`on_after_reload` takes `{Given}` here, not `{Self}`" "help: write `fn on_after_reload(manager: &Manager)`",
                also ["reloaded"];

            /// The last worker is gone.
            on_manager_stop by ParameterOfOnManagerStop (manager: Manager) Outcome
                in "the manager", original "`onManagerStop`",
                says "`on_manager_stop` takes `{Given}` here, not `{Self}`" "help: write `fn on_manager_stop(manager: &Manager)`",
                also ["manager_shutdown"];

            /// Everything is closed.
            on_shutdown by ParameterOfOnShutdown (master: Master) Outcome
                in "the master", original "`onShutdown`",
                says "`on_shutdown` takes `{Given}` here, not `{Self}`" "help: write `fn on_shutdown(master: &Master)`",
                also ["stop" "exit" "quit" "server_stop" "master_stop"];
        }
    };
}

/// A method of the block that the server calls.
#[derive(Debug)]
pub struct Callback {
    /// As it is written.
    pub name: &'static str,
    /// The trait of the runtime that says in words what this callback takes.
    pub takes: &'static str,
    /// Whether it has `&mut self` in front: it runs in a worker, which has the state.
    pub has_state: bool,
    /// What it is given, each with the name that the line to write has for it.
    pub parameters: &'static [(&'static str, Given)],
    /// What it may return.
    pub returns: Returns,
    /// The process, in words.
    pub runs_in: &'static str,
    /// Why a server with sessions cannot do without it; `None` where it can.
    pub needed_because: Option<&'static str>,
    /// Other names for the same thing, without `on_`.
    pub also: &'static [&'static str],
}

/// What a callback is given as a parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "`text` says what each is")]
pub enum Given {
    Master,
    Manager,
    WorkerStart,
    Worker,
    TaskWorker,
    UserProcess,
    Session,
    MaybeSession,
    Data,
    Reason,
    Exit,
    Message,
    Lost,
    Source,
    Task,
    TaskId,
    Output,
    Period,
    Sender,
    Sent,
}

/// What a callback may return.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Returns {
    /// Nothing, or a result.
    Outcome,
    /// `Self`, or a result with it.
    State,
    /// A value that travels to another process.
    Output,
}

impl Given {
    /// As the user writes it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Master => "&Master",
            Self::Manager => "&Manager",
            Self::WorkerStart => "&WorkerStart",
            Self::Worker => "&Worker<Self>",
            Self::TaskWorker => "&TaskWorker<Self>",
            Self::UserProcess => "&UserProcess<Self>",
            Self::Session => "SessionId",
            Self::MaybeSession => "Option<SessionId>",
            Self::Data => "&[u8]",
            Self::Reason => "CloseReason",
            Self::Exit => "&WorkerExit",
            Self::Message => "&str",
            Self::Lost => "&Lost",
            Self::Source => "&PacketSource",
            Self::Task => "Task<Job>",
            Self::TaskId => "TaskId",
            Self::Output => "Output",
            Self::Period => "Duration",
            Self::Sender => "WorkerId",
            Self::Sent => "Message",
        }
    }
}

impl Callback {
    /// The parameters between the parentheses, as the user writes them.
    #[must_use]
    pub fn parameters_text(&self) -> String {
        let state = self.has_state.then(|| "&mut self".to_owned());
        let parameters = self.parameters.iter().map(|(name, given)| format!("{name}: {}", given.text()));
        state.into_iter().chain(parameters).collect::<Vec<_>>().join(", ")
    }

    /// The line to write, up to its body; `returns` is what the user wrote behind the parameters, if anything.
    #[must_use]
    pub fn signature(&self, returns: Option<&str>) -> String {
        let returns = match (returns, self.returns) {
            (Some(written), _) => format!(" {written}"),
            (None, Returns::State) => " -> Self".to_owned(),
            (None, Returns::Output) => " -> Output".to_owned(),
            (None, Returns::Outcome) => String::new(),
        };
        format!("fn {}({}){returns}", self.name, self.parameters_text())
    }
}

macro_rules! define {
    (@has self) => { true };
    (@has) => { false };
    (@because $because:literal) => { Some($because) };
    (@because) => { None };
    ($( $(#[doc = $doc:literal])+ $name:ident by $takes:ident $([$state:ident])? ($($parameter:ident: $given:ident),+) $returns:ident
        in $process:literal, original $original:literal, says $message:literal $help:literal,
        $(needed $because:literal,)? also [$($also:literal)*]; )+) => {
        /// The callbacks, in the order of a server's life.
        pub const CALLBACKS: &[Callback] = &[ $( Callback {
            name: stringify!($name),
            takes: stringify!($takes),
            has_state: define!(@has $($state)?),
            parameters: &[ $( (stringify!($parameter), Given::$given) ),+ ],
            returns: Returns::$returns,
            runs_in: $process,
            needed_because: define!(@because $($because)?),
            also: &[$($also),*],
        } ),+ ];
    };
}

callbacks!(define);

/// The callback of this name.
#[must_use]
pub fn callback(name: &str) -> Option<&'static Callback> {
    CALLBACKS.iter().find(|callback| callback.name == name)
}

/// Every callback as a row of a table in Markdown.
#[doc(hidden)]
#[macro_export]
macro_rules! table_of_callbacks {
    () => { $crate::callbacks!($crate::table_of_callbacks) };
    (@self) => { "" };
    (@self self) => { "&mut self, " };
    (@given Master) => { "&Master" };
    (@given Manager) => { "&Manager" };
    (@given WorkerStart) => { "&WorkerStart" };
    (@given Worker) => { "&Worker<Self>" };
    (@given TaskWorker) => { "&TaskWorker<Self>" };
    (@given Task) => { ", task: Task<Job>" };
    (@given TaskId) => { ", task_id: TaskId" };
    (@given Output) => { ", output: Output" };
    (@given Sender) => { ", from: WorkerId" };
    (@given Sent) => { ", message: Message" };
    (@given Session) => { ", fd: SessionId" };
    (@given MaybeSession) => { ", fd: Option<SessionId>" };
    (@given Data) => { ", data: &[u8]" };
    (@given Source) => { ", from: &PacketSource" };
    (@given Reason) => { ", reason: CloseReason" };
    (@given Exit) => { ", exit: &WorkerExit" };
    (@given Message) => { ", message: &str" };
    (@given Lost) => { ", lost: &Lost" };
    (@given Period) => { ", period: Duration" };
    (@returns Outcome) => { "" };
    (@returns State) => { " -> Self" };
    (@returns Output) => { " -> Output" };
    ($( $(#[doc = $doc:literal])+ $name:ident by $takes:ident $([$state:ident])? ($context:ident: $first:ident $(, $parameter:ident: $given:ident)*) $returns:ident
        in $process:literal, original $original:literal, says $message:literal $help:literal,
        $(needed $because:literal,)? also [$($also:literal)*]; )+) => {
        concat!(
            "| callback | runs in | when | in the original |\n|---|---|---|---|\n",
            $(
                "| `", stringify!($name), "(", $crate::table_of_callbacks!(@self $($state)?),
                stringify!($context), ": ", $crate::table_of_callbacks!(@given $first), $($crate::table_of_callbacks!(@given $given),)*
                ")", $crate::table_of_callbacks!(@returns $returns), "` | ",
                $process, " |", $($doc,)+ " | ", $original, " |\n",
            )+
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! written {
        ($( $(#[doc = $doc:literal])+ $name:ident by $takes:ident $([$state:ident])? ($($parameter:ident: $given:ident),+) $returns:ident
            in $process:literal, original $original:literal, says $message:literal $help:literal,
            $(needed $because:literal,)? also [$($also:literal)*]; )+) => {
            &[ $( (stringify!($name), $message, $help) ),+ ]
        };
    }

    #[test]
    fn a_row_says_the_line_to_write_as_its_parameters_do() {
        let rows: &[(&str, &str, &str)] = callbacks!(written);
        for ((name, message, help), callback) in rows.iter().zip(CALLBACKS) {
            assert_eq!(*help, format!("help: write `{}`", callback.signature(None)), "{name}");
            assert!(message.starts_with(&format!("`{name}` takes ")), "{name}");
        }
    }
}
