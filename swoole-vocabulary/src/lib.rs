//! The words of `swoole`: every key of the attribute and every callback, with type, range, default and documentation, once. Read by the
//! attribute while it compiles a server, and by the runtime for what overrides a setting at the start. Use the crate `swoole`; this one
//! has no promises of its own.
//!
//! A key is added by a row in `keys.rs`, a callback by a row in `callbacks.rs`. What is known and not there yet stands in `planned.rs`.

#![forbid(unsafe_code)]

mod callbacks;
mod fault;
mod keys;
mod listen;
mod planned;
mod suggest;
mod units;

pub use callbacks::{CALLBACKS, Callback, Given, Returns, callback};
pub use fault::Fault;
pub use keys::{KEYS, KEYS_OF_LISTENERS, KEYS_WITH_PARTS, Key, Kind, LISTENERS, MAIN_LISTENER, Value, faults, key};
pub use listen::{ListenUrl, Place, Scheme};
pub use planned::{
    Feature, PLANNED_CALLBACKS, PLANNED_DISPATCHES, PLANNED_KEYS, PLANNED_KEYS_OF_LISTENERS, PLANNED_MODES, PlannedCallback, PlannedKey,
    planned_callback, planned_key,
};
pub use suggest::{Suggestion, callback_meant, dispatch_meant, key_meant, mode_meant, nearest, unit_meant};
pub use units::{SIZE_UNITS, TIME_UNITS, Unit, gib, kib, mib, mins, secs};
