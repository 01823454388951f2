//! A server framework for code that may block, crash, leak or be heavy: ordinary synchronous callbacks in isolated worker processes,
//! while a master process keeps the sockets.
//!
//! Annotate one impl block; [`server`] checks it and emits a static dispatch table, `T::start()` and `T::builder()`:
//!
//! ```no_run
//! use swoole::{CloseReason, SessionId, Worker};
//!
//! #[derive(Default)]
//! struct Echo;
//!
//! #[swoole::server(mode = "process", workers = 2, listen = "tcp://127.0.0.1:9501")]
//! impl Echo {
//!     fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
//!     fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
//!         worker.send(fd, data)?;
//!         Ok(())
//!     }
//!     fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
//! }
//!
//! fn main() -> swoole::Result<()> {
//!     Echo::start()
//! }
//! ```
//!
//! Callbacks that run in a worker get a [`Worker`]: `send`, `send_to`, `close`, `connection_info`, the other sessions, counters, `shutdown`. Those of
//! the manager get a [`Manager`], those of the master a [`Master`]; each has just the calls that make sense in its process. A call that
//! belongs elsewhere does not compile, and the compiler says where.
//!
//! A worker that dies is replaced, and its sessions live on. Only the session whose callback it was in is closed with
//! [`CloseReason::WorkerDied`], or handed to `on_lost` as [`Lost`]; `on_worker_error` is told either way, with a [`WorkerExit`].
//!
//! Every key of the attribute is a setting that can be overridden at the start: by a TOML file (`--config FILE`, `SWOOLE_CONFIG`), the
//! environment (`SWOOLE_WORKERS=4`), the command line (`--workers 4`) and the [`Builder`], in rising order. `--help` lists them, `--check`
//! checks them and ends, `--print-config` prints each with where it comes from. The table `[app]` of the file is the program's own:
//! `WorkerStart::app` gives it to `on_worker_start` as a value of any type that `serde` reads.
//!
//! Features: `cli` (default) brings the command line and the file. Without it the program is smaller, and the environment and [`Builder`]
//! still override; arguments are refused, unless [`Builder::own_arguments`] says that they are the program's.

pub use swoole_macros::server;
pub use swoole_runtime::boot::Builder;
pub use swoole_runtime::context::{
    HandedAs, Lost, LostKind, Manager, Master, PacketSource, SentAs, SessionInfo, Sessions, Stats, Task, TaskWorker, TimerInfo, Timers,
    UserProcess, Wake, Worker, WorkerExit, WorkerStart, WorkerStats, WorkerStatus,
};
pub use swoole_runtime::{
    Callback, CloseReason, Dispatch, Error, FileError, Frame, Interface, MessageError, PageTooLarge, Remote, Result, SendError, SessionId,
    Settings, SettingsInForce, State, TaskError, TaskId, TimerError, TimerId, WorkerId,
};

/// What the attribute's expansion calls. No promises.
#[doc(hidden)]
pub mod __rt {
    pub use swoole_runtime::boot::{builder, start};
    pub use swoole_runtime::contract::*;
    pub use swoole_runtime::{Failure, check, gib, kib, mib, mins, secs};
}
