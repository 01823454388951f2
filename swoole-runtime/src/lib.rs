//! The runtime behind `swoole`: master, manager and workers, and what they share. Use the crate `swoole`; this one has no promises of
//! its own.

#![deny(unsafe_code)]

// 7
pub mod boot;
// 6
mod manager;
mod master;
mod worker;
// 5
pub mod context;
pub mod contract;
// 4
mod reactor;
// 3
mod layout;
// 2
#[allow(unsafe_code, reason = "fills memory that a reactor reads")]
mod cell;
#[allow(unsafe_code, reason = "lays its types into shared memory")]
mod job;
#[allow(unsafe_code, reason = "lays its types into shared memory")]
mod message;
#[allow(unsafe_code, reason = "lays its types into shared memory")]
mod process;
#[allow(unsafe_code, reason = "reads and writes bytes that two processes map")]
mod ring;
#[allow(unsafe_code, reason = "lays its types into shared memory")]
mod session;
#[allow(unsafe_code, reason = "keeps small closures without their types")]
mod timer;
// 1
#[allow(unsafe_code, reason = "the only cast from an offset to a type")]
mod shm;
// 0, words
mod dispatch;
mod error;
mod event;
mod frame;
mod id;
mod logging;
mod remote;
mod settings;
// 0, machine
mod sync;
#[allow(unsafe_code, reason = "the only system calls")]
mod sys;

pub use dispatch::Dispatch;
pub use error::{Error, Failure, FileError, MessageError, PageTooLarge, Result, SendError, TaskError, TimerError};
pub use event::{Callback, CloseReason, State};
pub use frame::Frame;
pub use id::{SessionId, TaskId, TimerId, WorkerId};
pub use remote::Remote;
pub use settings::{Listener, Settings, SettingsInForce, check, gib, kib, mib, mins, secs};
pub use sys::datagram::Interface;
