//! What user code sees of its process: one type for each kind of process, with just the calls that make sense there.

mod exit;
mod handed;
mod info;
mod jobs;
mod lost;
mod mailbox;
mod manager;
mod master;
mod messages;
mod outbox;
mod packets;
mod processes;
mod sessions;
mod signposts;
mod stats;
mod tasks;
mod timers;
mod user_process;
mod worker;
mod worker_start;

pub use exit::WorkerExit;
#[doc(hidden)]
pub use handed::OutputOfOnTask;
pub use handed::{HandedAs, SentAs};
pub use info::{SessionInfo, Sessions};
pub(crate) use jobs::Jobs;
#[doc(hidden)]
pub use jobs::{FinishedJob, RunsTasks};
pub use lost::{Lost, LostKind};
pub(crate) use mailbox::Mailbox;
pub use manager::Manager;
pub use master::Master;
pub(crate) use messages::Postbox;
#[doc(hidden)]
pub use messages::{PipeMessage, SentMessage, TakesMessages};
pub use packets::PacketSource;
pub use processes::WorkerStatus;
pub use stats::{Stats, WorkerStats};
pub(crate) use tasks::Desk;
#[doc(hidden)]
pub use tasks::GivenJob;
pub use tasks::{Task, TaskWorker};
pub use timers::{TimerInfo, Timers};
pub use user_process::{UserProcess, Wake};
pub use worker::Worker;
pub use worker_start::WorkerStart;

#[doc(hidden)]
pub use {
    manager::calls_of_the_manager,
    master::calls_of_the_master,
    tasks::calls_of_a_task_worker,
    user_process::calls_of_a_user_process,
    worker::{UnnamedServer, calls_of_a_worker},
    worker_start::calls_of_worker_start,
};

pub(crate) use outbox::Outbox;
