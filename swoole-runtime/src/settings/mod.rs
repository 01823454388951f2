//! The settings: every key's name, type, range, default and documentation, once. Used by the attribute at compile time and by every
//! override at run time, in whatever process starts the server.

mod fault;
mod listen;
mod overrides;
mod resolved;
mod text;
mod units;
mod vocabulary;

pub(crate) use listen::{ListenUrl, Scheme};
pub(crate) use overrides::{Origin, environment, set_by_name};
pub(crate) use resolved::Resolved;
pub use units::{mins, secs};
#[cfg(feature = "cli")]
pub(crate) use vocabulary::{KEYS, Key};
pub use vocabulary::{Settings, check};
pub(crate) use vocabulary::{first_fault, vocabulary};
