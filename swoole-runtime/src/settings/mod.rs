//! The settings: every key's name, type, range, default and documentation, once. Used by the attribute at compile time and by every
//! override at run time, in whatever process starts the server.

#[cfg(feature = "cli")]
mod app;
#[cfg(feature = "cli")]
mod file;
mod keys;
mod origin;
mod overrides;
#[cfg(feature = "cli")]
mod print;
mod resolved;
mod text;
mod unknown;

#[cfg(feature = "cli")]
pub(crate) use app::App;
pub use keys::{Listener, Settings, SettingsInForce, check};
pub(crate) use origin::variable_of;
#[cfg(feature = "cli")]
pub(crate) use origin::{Origin, option, variable};
#[cfg(feature = "cli")]
pub(crate) use overrides::CONFIG;
pub(crate) use overrides::Collected;
#[cfg(feature = "cli")]
pub(crate) use overrides::Whose;
#[cfg(feature = "cli")]
pub(crate) use print::printed;
pub(crate) use resolved::{Heartbeat, Listening, Phases, Resolved};
pub(crate) use swoole_vocabulary::{ListenUrl, Place, Scheme};
pub use swoole_vocabulary::{gib, kib, mib, mins, secs};
#[cfg(feature = "cli")]
pub(crate) use text::Readable;
#[cfg(feature = "cli")]
pub(crate) use unknown::unknown;
