//! The settings: every key's name, type, range, default and documentation, once. Used by the attribute at compile time and by every
//! override at run time, in whatever process starts the server.

mod keys;
mod overrides;
mod resolved;
mod text;

pub(crate) use keys::first_fault;
pub use keys::{Settings, check};
pub(crate) use overrides::{Origin, environment, set_by_name};
pub(crate) use resolved::Resolved;
pub(crate) use swoole_vocabulary::{ListenUrl, Scheme};
pub use swoole_vocabulary::{gib, kib, mib, mins, secs};
