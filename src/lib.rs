//! A server framework for code that may block, crash, leak or be heavy.
pub use swoole_macros::server;
pub use swoole_runtime::boot::Builder;
pub use swoole_runtime::context::{
    Lost, LostKind, Manager, Master, PacketSource, SessionInfo, Sessions, Stats, Task, TaskWorker, Worker, WorkerExit, WorkerStart,
    WorkerStats,
};
pub use swoole_runtime::{Callback, CloseReason, Error, PageTooLarge, Result, SendError, SessionId, Settings, State, TaskId, WorkerId};

/// What the attribute's expansion calls. No promises.
#[doc(hidden)]
pub mod __rt {
    pub use swoole_runtime::boot::{builder, start};
    pub use swoole_runtime::contract::*;
    pub use swoole_runtime::{Failure, check, mins, secs};
}
