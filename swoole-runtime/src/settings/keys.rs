//! What a server is set to, made of the rows of `swoole-vocabulary`: setters for the attribute, checks for the compiler, and for every
//! override the way from a value to its field and back.

use swoole_vocabulary::{Fault, KEYS, Value, faults, keys};

/// One key, for whoever sets it by name.
pub(crate) struct Setter {
    /// Sets a value of the key's kind in which the vocabulary finds no fault; any other changes nothing.
    pub(super) set: fn(&mut Settings, Value<'static>),
    /// The value, if there is one.
    pub(super) get: fn(&Settings) -> Option<Value<'static>>,
}

macro_rules! define {
    (@type text) => { &'static str };
    (@type switch) => { bool };
    (@type periods) => { &'static [u64] };
    (@type $number:ident $ty:ty) => { $ty };

    // What is checked is wider than any key's type.
    (@fault text $name:ident $value:ident) => { faults::$name($value) };
    (@fault switch $name:ident $value:ident) => { faults::$name($value) };
    (@fault periods $name:ident $value:ident) => { faults::$name($value) };
    (@fault $number:ident $name:ident $value:ident) => { faults::$name($value as i128) };

    (@set text $name:ident) => { |settings, value| if let Value::Text(text) = value { settings.$name = Some(text) } };
    (@set switch $name:ident) => { |settings, value| if let Value::Switch(switch) = value { settings.$name = Some(switch) } };
    (@set periods $name:ident) => { |settings, value| if let Value::Periods(periods) = value { settings.$name = Some(periods) } };
    (@set $number:ident $name:ident) => {
        |settings, value| if let Value::Number(number) = value && let Ok(number) = number.try_into() { settings.$name = Some(number) }
    };

    (@get text) => { Value::Text };
    (@get switch) => { Value::Switch };
    (@get periods) => { Value::Periods };
    (@get $number:ident) => { |number| Value::Number(i128::from(number)) };

    ($( $(#[doc = $doc:literal])+ $kind:ident $name:ident $(: $ty:ty = $lo:literal, $hi:literal, $why:literal)? $(($check:ident))?
        default $default:literal, example $example:literal, original $original:literal, also [$($also:literal)*]; )+) => {
        /// What a server is set to: one method a key, as the attribute writes them.
        ///
        /// ```
        /// let mut settings = swoole_runtime::Settings::new();
        /// settings.workers(4);
        /// ```
        #[derive(Clone, Copy, Default, Debug)]
        pub struct Settings {
            $( pub(crate) $name: Option<define!(@type $kind $($ty)?)>, )+
        }

        impl Settings {
            /// Nothing set: every key has its default.
            #[must_use]
            pub const fn new() -> Self {
                Self { $( $name: None, )+ }
            }

            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nDefault: ", $default, ". For example `", $example, "`. The original: ", $original, ".")]
                pub const fn $name(&mut self, $name: define!(@type $kind $($ty)?)) {
                    self.$name = Some($name);
                }
            )+
        }

        /// What the server runs with: every override heard, every default filled in. One method a key. The original: `$serv->setting`.
        ///
        /// ```
        /// # use swoole_runtime::context::Worker;
        /// # struct Echo;
        /// # fn on_connect(worker: &Worker<Echo>) {
        /// let is_full = worker.stats().connection_num >= u64::from(worker.settings().max_conn());
        /// # let _ = is_full;
        /// # }
        /// ```
        #[derive(Clone, Copy, Debug)]
        pub struct SettingsInForce(Settings);

        impl SettingsInForce {
            $(
                $(#[doc = $doc])+
                #[must_use]
                pub fn $name(&self) -> define!(@type $kind $($ty)?) {
                    self.0.$name.unwrap_or_default()
                }
            )+
        }

        /// One check a key: stops the compilation, with what to write instead, where a value is out of its range.
        pub mod check {
            use super::*;
            $(
                #[doc = concat!("Whether the value of `", stringify!($name), "`, if it has one, is one that the key takes.")]
                #[track_caller]
                pub const fn $name(settings: &Settings) {
                    if let Some(fault) = fault::$name(settings) {
                        panic!("{}", fault.full);
                    }
                }
            )+
        }

        mod fault {
            use super::*;
            $(
                pub(super) const fn $name(settings: &Settings) -> Option<Fault> {
                    match settings.$name {
                        Some(value) => define!(@fault $kind $name value),
                        None => None,
                    }
                }
            )+
        }

        /// In the order of the vocabulary's keys.
        pub(crate) static SETTERS: [Setter; KEYS.len()] = [ $( Setter {
            set: define!(@set $kind $name),
            get: |settings| settings.$name.map(define!(@get $kind)),
        }, )+ ];
    };
}

keys!(define);

/// A listener beside the main one, as the attribute writes it.
#[derive(Clone, Copy, Debug)]
pub struct Listener {
    /// By which settings and sessions name it.
    pub name: &'static str,
    /// What is of its own; for the rest the server's settings hold.
    pub settings: Settings,
}

/// The keys that another program may have other values for, which attaches to a running server: workers alone go by them.
const OF_WORKERS: &[&str] = &[
    "log_level",
    "buffer_output_size",
    "socket_buffer_size",
    "task_dispatch",
    "task_max_request",
    "task_max_request_grace",
    "max_request",
    "max_request_grace",
    "timers",
    "max_timers",
    // The master alone goes by it, and its default depends on who is asked.
    "control",
];

impl SettingsInForce {
    /// Names and values of those that every process of a server must have alike.
    pub(crate) fn alike(&self) -> impl Iterator<Item = (&'static str, String)> {
        KEYS.iter().enumerate().filter(|(_, key)| !OF_WORKERS.contains(&key.name)).filter_map(|(at, key)| {
            let value = match self.0.get(at)? {
                Value::Text(text) => text.to_owned(),
                Value::Number(number) => number.to_string(),
                Value::Switch(switch) => switch.to_string(),
                Value::Periods(periods) => format!("{periods:?}"),
            };
            Some((key.name, value))
        })
    }
}

impl Settings {
    /// These, and those of a listener over them.
    pub(crate) fn with(&self, listener: &Self) -> Self {
        let mut all = Self { listen: None, ..*self };
        for (at, setter) in SETTERS.iter().enumerate() {
            if let Some(value) = listener.get(at) {
                (setter.set)(&mut all, value);
            }
        }
        // A part of it asks for the whole.
        if listener.tcp_keepalive.is_none() && listener.has_part_of_keepalive() {
            all.tcp_keepalive = Some(true);
        }
        if listener.heartbeat.is_none() && listener.has_part_of_heartbeat() {
            all.heartbeat = Some(true);
        }
        // Twice what the server looks by would be twice nothing that the listener knows of.
        if listener.heartbeat_check.is_some() && listener.heartbeat_idle.is_none() {
            all.heartbeat_idle = None;
        }
        all
    }

    pub(crate) fn has_part_of_heartbeat(&self) -> bool {
        self.heartbeat_check.is_some() || self.heartbeat_idle.is_some()
    }

    pub(crate) fn has_part_of_keepalive(&self) -> bool {
        self.tcp_keepalive_idle.is_some() || self.tcp_keepalive_interval.is_some() || self.tcp_keepalive_count.is_some()
    }

    pub(crate) fn in_force(&self) -> SettingsInForce {
        SettingsInForce(*self)
    }

    /// The value of the key at this place of the vocabulary, if there is one.
    pub(crate) fn get(&self, key: usize) -> Option<Value<'static>> {
        (SETTERS[key].get)(self)
    }
}
