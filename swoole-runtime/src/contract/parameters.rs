//! What each callback takes, in words: one trait a callback, for the compiler to say where a parameter has another type. Used by the
//! expansion of `#[swoole::server]` alone.
//!
//! A parameter of the type `T` that is given a `G` is written `<T as ParameterOf…<G>>::given(…)`, which holds where both are one type.

macro_rules! parameters {
    ($( $name:ident $message:literal $help:literal )+) => { $(
        #[doc = $help]
        #[diagnostic::on_unimplemented(message = $message, label = "must be `{Given}`", note = $help)]
        pub trait $name<Given> {
            /// What the server gives, which is what the callback takes.
            fn given(given: Given) -> Self;
        }

        #[diagnostic::do_not_recommend]
        impl<T> $name<T> for T {
            #[inline(always)]
            fn given(given: T) -> T {
                given
            }
        }
    )+ };
}

parameters! {
    ParameterOfOnStart
        "`on_start` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_start(master: &Master)`"
    ParameterOfOnShutdown
        "`on_shutdown` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_shutdown(master: &Master)`"
    ParameterOfOnManagerStart
        "`on_manager_start` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_manager_start(manager: &Manager)`"
    ParameterOfOnManagerStop
        "`on_manager_stop` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_manager_stop(manager: &Manager)`"
    ParameterOfOnWorkerStart
        "`on_worker_start` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_worker_start(worker: &WorkerStart) -> Self`"
    ParameterOfOnWorkerStop
        "`on_worker_stop` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_worker_stop(&mut self, worker: &Worker<Self>)`"
    ParameterOfOnConnect
        "`on_connect` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId)`"
    ParameterOfOnReceive
        "`on_receive` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8])`"
    ParameterOfOnClose
        "`on_close` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason)`"
    ParameterOfOnWorkerError
        "`on_worker_error` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_worker_error(manager: &Manager, exit: &WorkerExit)`"
    ParameterOfOnPanic
        "`on_panic` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str)`"
    ParameterOfOnLost
        "`on_lost` takes `{Given}` here, not `{Self}`"
        "help: write `fn on_lost(&mut self, worker: &Worker<Self>, lost: &Lost)`"
}
