//! What is known and not there yet. It is checked by every rule that holds for it, and then refused by name; the issue that brings it
//! moves its row to `keys.rs` or `callbacks.rs`. A key that is no setting, since it decides what is compiled in, stays here: its feature says
//! that it is there.

use crate::{Callback, Given, Returns};

/// What a callback or a key belongs to: these come together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "`words` says what each is")]
pub enum Feature {
    Datagrams,
    Modes,
    Dispatch,
    Framing,
    Operation,
    Tls,
    Http,
}

impl Feature {
    /// Whether this release has it.
    #[must_use]
    pub const fn is_there(self) -> bool {
        matches!(self, Self::Framing | Self::Dispatch | Self::Datagrams)
    }

    /// In a sentence before "are not there yet".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Datagrams => "datagram listeners",
            Self::Modes => "modes other than `process`",
            Self::Dispatch => "dispatch modes other than a fixed worker for each session",
            Self::Framing => "frames",
            Self::Operation => "settings of this kind",
            Self::Tls => "TLS listeners",
            Self::Http => "HTTP and WebSocket listeners",
        }
    }
}

/// A callback that is not there yet.
#[derive(Debug)]
pub struct PlannedCallback {
    /// What it will look like.
    pub callback: Callback,
    /// What it comes with.
    pub feature: Feature,
}

/// A key that is not there yet, or is no setting.
#[derive(Debug)]
pub struct PlannedKey {
    /// As it will be written.
    pub name: &'static str,
    /// What it comes with.
    pub feature: Feature,
    /// What else it is called, with blanks in between.
    pub also: &'static str,
}

macro_rules! callbacks {
    (@has self) => { true };
    (@has) => { false };
    ($( $feature:ident $name:ident $([$state:ident])? ($($parameter:ident: $given:ident),*) $returns:ident in $process:literal also [$($also:literal)*]; )+) => {
        &[ $( PlannedCallback {
            feature: Feature::$feature,
            callback: Callback {
                name: stringify!($name),
                takes: "",
                has_state: callbacks!(@has $($state)?),
                parameters: &[ $( (stringify!($parameter), Given::$given) ),* ],
                returns: Returns::$returns,
                runs_in: $process,
                needed_because: None,
                also: &[$($also),*],
            },
        } ),+ ]
    };
}

/// The callbacks that are not there yet.
pub const PLANNED_CALLBACKS: &[PlannedCallback] = callbacks! {
    Http on_request [self] (worker: Worker, fd: Session) Outcome in "the worker of the session" also ["http"];
    Http on_handshake [self] (worker: Worker, fd: Session) Outcome in "the worker of the session" also ["upgrade"];
};

const fn key(feature: Feature, name: &'static str, also: &'static str) -> PlannedKey {
    PlannedKey { name, feature, also }
}

/// The keys that are not there yet, or are no settings; behind each, what else it is called.
pub static PLANNED_KEYS: &[PlannedKey] = &[
    key(Feature::Dispatch, "dispatch", "dispatch_mode dispatch_func"),
    key(Feature::Dispatch, "unsafe_events", "enable_unsafe_event"),
    key(Feature::Framing, "frame", "open_eof_check open_eof_split package_eof open_length_check package_length_type"),
    key(Feature::Operation, "max_concurrency", ""),
    key(Feature::Tls, "tls", "ssl ssl_cert_file ssl_key_file"),
];

/// Those of them that each listener may have of its own.
pub const PLANNED_KEYS_OF_LISTENERS: &[&str] = &["frame", "tls"];

/// How such a key is written, where its feature is there.
#[must_use]
pub fn example_of_structure(name: &str) -> Option<&'static str> {
    Some(match name {
        "frame" => "frame = eof_split(\"\\r\\n\")",
        "dispatch" => "dispatch = \"round_robin\"",
        "unsafe_events" => "unsafe_events = true",
        _ => return None,
    })
}

/// The modes that are not there yet.
pub const PLANNED_MODES: &[&str] = &["base", "thread"];

/// How `dispatch` can be written, and whether all that a session sends goes to one worker by it, in order.
pub const PLANNED_DISPATCHES: &[(&str, bool)] =
    &[("round_robin", false), ("fixed", true), ("idle", false), ("ip", true), ("uid", true), ("least_conn", true), ("least_req", false)];

/// The callback of this name that is not there yet.
#[must_use]
pub fn planned_callback(name: &str) -> Option<&'static PlannedCallback> {
    PLANNED_CALLBACKS.iter().find(|planned| planned.callback.name == name)
}

/// The key of this name that is not there yet.
#[must_use]
pub fn planned_key(name: &str) -> Option<&'static PlannedKey> {
    PLANNED_KEYS.iter().find(|planned| planned.name == name)
}
