//! A framework on top of `swoole`, which its users know from here alone: see `../handed-on`.

pub use swoole;
pub use swoole::{CloseReason, SessionId, Worker};
