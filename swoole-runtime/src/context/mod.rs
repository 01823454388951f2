//! What user code sees of its process: one type for each kind of process, with just the calls that make sense there.

mod exit;
mod info;
mod lost;
mod manager;
mod master;
mod outbox;
mod stats;
mod tasks;
mod worker;
mod worker_start;

pub use exit::WorkerExit;
pub use info::{SessionInfo, Sessions};
pub use lost::{Lost, LostKind};
pub use manager::Manager;
pub use master::Master;
pub use stats::{Stats, WorkerStats};
pub use tasks::{PacketSource, Task, TaskWorker};
pub use worker::Worker;
pub use worker_start::WorkerStart;

pub(crate) use outbox::Outbox;
