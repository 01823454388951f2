//! Every name that the attribute knows: callbacks, keys, and how a name is looked for that is nearly one of them. Used by `check` and
//! `expand`.

mod callbacks;
mod keys;
mod suggest;

pub(crate) use callbacks::{CALLBACKS, CALLBACKS_NOT_YET, Callback, Given, Returns, callback};
pub(crate) use keys::{KEYS, KEYS_NOT_YET, Key, MODES_NOT_YET, UNITS, Value, key};
pub(crate) use suggest::{Suggestion, callback_meant, key_meant, mode_meant, unit_meant};
