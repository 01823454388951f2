//! The attribute `#[swoole::server]`, in three phases: `read` takes apart what the user wrote, `check` judges it, `expand` writes what
//! the compiler gets to see.
#![deny(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::unreachable,
    clippy::todo,
    clippy::unimplemented,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(test, allow(clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

mod check;
mod diagnostics;
mod expand;
mod read;
mod vocabulary;

#[cfg(test)]
mod tests;

/// Makes a server of the methods of a type.
///
/// The attribute stands on one `impl` block. It reads the methods named `on_…`, checks them and the keys while the program is compiled,
/// and adds two functions to the type: `start()`, which runs the server, and `builder()`, which is the same with code in between. The
/// block itself stays as it is; other methods and constants may stand in it, too.
///
/// ```ignore
/// use swoole::{CloseReason, SessionId, Worker};
///
/// #[derive(Default)]
/// struct Echo;
///
/// #[swoole::server(listen = "tcp://127.0.0.1:9501", workers = 2, max_wait_time = secs(5))]
/// impl Echo {
///     fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
///     fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
///         worker.send(fd, data)?;
///         Ok(())
///     }
///     fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
/// }
///
/// fn main() -> swoole::Result<()> {
///     Echo::start()
/// }
/// ```
///
/// # Keys
///
/// Each is written `key = value`, with any constant expression of its type as the value. A value out of its range does not compile.
/// Each can be overridden when the program runs.
///
/// | key | type | range | default | in the original |
/// |---|---|---|---|---|
/// | `mode` | a string literal | `"process"` | `"process"` | third argument of `new Server` |
/// | `listen` | `&'static str` | `"tcp://HOST:PORT"`, `"tcp6://HOST:PORT"`; port 0 takes any that is free | none: it must come from somewhere | first two arguments of `new Server` |
/// | `workers` | `u32` | 1 to 1024 processes | the number of CPUs | `worker_num` |
/// | `reactors` | `u32` | 1 to 256 threads, at most four for each CPU | the number of CPUs, at most 4 | `reactor_num` |
/// | `max_conn` | `u32` | 1 to 1000000 sessions | 10000, or what the descriptor limit allows | `max_conn` |
/// | `backlog` | `u32` | 1 to 65535 connections | 512 | `backlog` |
/// | `tcp_nodelay` | `bool` | | `true` | `open_tcp_nodelay` |
/// | `log_level` | `&'static str` | `"off"`, `"error"`, `"warn"`, `"info"`, `"debug"`, `"trace"` | `"info"` | `log_level` |
/// | `max_wait_time` | `u64` | 1 to 3600 seconds | 3 | `max_wait_time` |
///
/// In a time, `secs(3)` is 3 and `mins(2)` is 120. A function of your own that has the name of a unit needs a path: `self::minutes(2)`.
///
/// # Callbacks
///
/// The first parameter behind `&mut self` is the context of the process that the callback runs in: it has the calls which that process
/// can make, and no others. Where no result is shown, a callback returns nothing, or a `Result<(), E>` with an `E` that implements
/// `Display`; the error is logged, and the session goes on.
///
/// | callback | runs in | when | in the original |
/// |---|---|---|---|
/// | `on_start(master: &Master)` | master | the server has started | `onStart` |
/// | `on_manager_start(manager: &Manager)` | manager | before it forks the workers | `onManagerStart` |
/// | `on_worker_start(worker: &WorkerStart) -> Self`, or `-> Result<Self, E>` | each worker | first of all: it builds the state of this process. Without it, `Self` implements `Default` | `onWorkerStart` |
/// | `on_connect(&mut self, worker: &Worker<Self>, fd: SessionId)` | the worker of the session | a client has connected | `onConnect` |
/// | `on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8])` | the worker of the session | a client has sent something | `onReceive` |
/// | `on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason)` | the worker of the session | the last event of a session | `onClose` |
/// | `on_lost(&mut self, worker: &Worker<Self>, lost: &Lost)` | the successor of a dead worker | with what its predecessor was in the middle of | – |
/// | `on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str)` | the worker that panicked | before it goes; without `self`, which may be half-changed | `register_shutdown_function` |
/// | `on_worker_stop(&mut self, worker: &Worker<Self>)` | each worker | last of all | `onWorkerStop` |
/// | `on_worker_error(manager: &Manager, exit: &WorkerExit)` | manager | a worker has died | `onWorkerError` |
/// | `on_manager_stop(manager: &Manager)` | manager | the last worker is gone | `onManagerStop` |
/// | `on_shutdown(master: &Master)` | master | everything is closed | `onShutdown` |
///
/// `on_connect`, `on_receive` and `on_close` have to be there. A callback is an ordinary function: it may block, it may have lifetimes
/// and `#[cfg(…)]`, and it is neither `async` nor `unsafe` nor generic in a type. A method whose name begins with `on_` and that is no
/// callback does not compile.
#[proc_macro_attribute]
pub fn server(attribute: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(attribute.into(), item.into()).into()
}

/// The attribute on tokens that need no compiler around them, for the tests.
fn expand(attribute: proc_macro2::TokenStream, item: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let (faults, server) = check::check(read::attribute(attribute), read::item(item.clone()));
    expand::expand(&item, &faults, server.as_ref())
}
