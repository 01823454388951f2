//! The one place that a key is added to.

use super::{
    fault::{Fault, same},
    listen,
};

/// Hands every row of the vocabulary to the macro `$then`, which makes of it what its module needs: setters here, builder methods in
/// `boot`.
///
/// A row is: documentation, kind, name, type, what a value must satisfy, the default in words.
macro_rules! vocabulary {
    ($then:ident) => {
        $then! {
            /// Which processes do the work: `"process"` puts the sockets into a master and your code into worker processes.
            ///
            /// Decided at compile time; an override can only repeat it. The original: the third argument of `new Server`.
            text mode (settings::mode_fault) default "process";

            /// Where to listen: `"tcp://127.0.0.1:9501"`, `"tcp://[::1]:9501"`, `"tcp6://[::]:9501"`, `"tcp://localhost:9501"`.
            ///
            /// Port 0 takes any free port; the log says which. The original: the first two arguments of `new Server`.
            text listen (settings::listen_fault) default "none: it must come from somewhere";

            /// How many worker processes run your callbacks, from 1 to 1024. The original: `worker_num`.
            number workers: u32 = 1, 1024, "the server needs a process that runs its callbacks" default "the number of CPUs";

            /// How many threads of the master move bytes, from 1 to 256, and at most four for each CPU. The original: `reactor_num`.
            number reactors: u32 = 1, 256, "somebody has to read the sockets" default "the number of CPUs, at most 4";

            /// How many sessions may be open at once, from 1 to 1000000; more are refused and counted. A value above what the
            /// descriptor limit allows is an error at the start. The original: `max_conn`.
            number max_conn: u32 = 1, 1000000, "the session table has this size, once, from the start"
                default "10000, or what the descriptor limit allows";

            /// How many connections may wait in the kernel to be accepted, from 1 to 65535. The original: `backlog`.
            number backlog: u32 = 1, 65535, "it is the length of the kernel's queue" default "512";

            /// Whether small answers leave at once instead of waiting for more (`TCP_NODELAY`). The original: `open_tcp_nodelay`.
            switch tcp_nodelay default "true";

            /// How much to log: `"off"`, `"error"`, `"warn"`, `"info"`, `"debug"` or `"trace"`. The original: `log_level`.
            text log_level (settings::log_level_fault) default "info";

            /// How long a shutdown may take before what is left is killed, in seconds, from 1 to 3600. The original: `max_wait_time`.
            number max_wait_time: u64 = 1, 3600, "a shutdown that never ends is none" default "3";
        }
    };
}
pub(crate) use vocabulary;

/// One key, for whoever reads settings by name.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// The documentation, a line each.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "for `--help`"))]
    pub(crate) help: &'static [&'static str],
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "for `--help`"))]
    pub(crate) default: &'static str,
    /// Reads the value and sets it, or says in a sentence what the key takes.
    pub(crate) set: fn(&mut Settings, &str) -> Result<(), String>,
}

macro_rules! define {
    (@type text) => { &'static str };
    (@type switch) => { bool };
    (@type number $ty:ty) => { $ty };

    (@fault text $value:ident $name:ident ($fault:path)) => { $fault($value) };
    (@fault switch $value:ident $name:ident) => { None::<Fault> };
    (@fault number $value:ident $name:ident $lo:literal, $hi:literal, $why:literal) => {
        if $value < $lo || $value > $hi {
            Some(Fault {
                line: concat!("`", stringify!($name), "` takes a number from ", $lo, " to ", $hi),
                full: concat!(
                    "`", stringify!($name), "` takes a number from ", $lo, " to ", $hi,
                    "\nnote: ", $why,
                    "\nhelp: write `", stringify!($name), " = ", $lo, "` or more, up to ", $hi
                ),
            })
        } else {
            None::<Fault>
        }
    };

    (@read text $text:ident) => { Ok::<&'static str, String>(super::text::for_ever($text)) };
    (@read switch $text:ident) => { super::text::switch($text) };
    (@read number $text:ident $ty:ty) => { super::text::number::<$ty>($text) };

    ($( $(#[doc = $doc:literal])+ $kind:ident $name:ident $(: $ty:ty = $lo:literal, $hi:literal, $why:literal)? $(($($fault:tt)+))?
        default $default:literal; )+) => {
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
                #[doc = concat!("\n\nDefault: ", $default, ".")]
                pub const fn $name(&mut self, $name: define!(@type $kind $($ty)?)) {
                    self.$name = Some($name);
                }
            )+
        }

        impl Settings {
            /// Takes every value that the other settings have.
            pub(crate) fn overlay(&mut self, over: &Self) {
                $( if over.$name.is_some() { self.$name = over.$name; } )+
            }
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
                #[allow(unused_variables, reason = "a switch takes every value of its type")]
                pub(super) const fn $name(settings: &Settings) -> Option<Fault> {
                    match settings.$name {
                        Some(value) => define!(@fault $kind value $name $($lo, $hi, $why)? $(($($fault)+))?),
                        None => None,
                    }
                }
            )+
        }

        pub(crate) const KEYS: &[Key] = &[ $( Key {
            name: stringify!($name),
            help: &[$($doc),+],
            default: $default,
            set: |settings, text| {
                let mut asked = Settings::new();
                asked.$name = Some(define!(@read $kind text $($ty)?)
                    .map_err(|takes| format!("`{}` takes {takes}", stringify!($name)))?);
                match fault::$name(&asked) {
                    Some(fault) => Err(fault.line.to_owned()),
                    None => { settings.$name = asked.$name; Ok(()) }
                }
            },
        }, )+ ];

        /// The first value out of its range, as a sentence.
        pub(crate) fn first_fault(settings: &Settings) -> Option<&'static str> {
            $( if let Some(fault) = fault::$name(settings) { return Some(fault.line); } )+
            None
        }
    };
}

use crate::settings::vocabulary as settings;
vocabulary!(define);

pub(super) const fn mode_fault(mode: &str) -> Option<Fault> {
    if same(mode, "process") {
        return None;
    }
    Some(Fault {
        line: "`mode` takes \"process\"; the modes \"base\" and \"thread\" are not there yet",
        full: "`mode` takes \"process\"\nnote: the modes \"base\" and \"thread\" are not there yet\nhelp: write `mode = \"process\"`",
    })
}

pub(super) const fn log_level_fault(level: &str) -> Option<Fault> {
    let mut i = 0;
    while i < LEVELS.len() {
        if same(level, LEVELS[i]) {
            return None;
        }
        i += 1;
    }
    Some(Fault {
        line: "`log_level` takes \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\"",
        full: "`log_level` takes \"off\", \"error\", \"warn\", \"info\", \"debug\" or \"trace\"\nnote: each level logs what those before it log, and more\nhelp: write `log_level = \"info\"`",
    })
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

pub(super) const fn listen_fault(url: &str) -> Option<Fault> {
    listen::fault(url)
}
