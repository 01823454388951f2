//! What a server is set to, made of the rows of `swoole-vocabulary`: setters for the attribute, checks for the compiler, readers of text
//! for every override.

use super::text;
use swoole_vocabulary::{Fault, faults, keys};

/// One key, for whoever sets it by name.
pub(crate) struct Setter {
    /// Reads the value and sets it, or says in a sentence what the key takes.
    pub(crate) set: fn(&mut Settings, &str) -> Result<(), String>,
    /// The value as text that `set` reads, if there is one.
    pub(crate) get: fn(&Settings) -> Option<String>,
}

macro_rules! define {
    (@type text) => { &'static str };
    (@type switch) => { bool };
    (@type $number:ident $ty:ty) => { $ty };

    // What is checked is wider than any key's type.
    (@fault text $name:ident $value:ident) => { faults::$name($value) };
    (@fault switch $name:ident $value:ident) => { faults::$name($value) };
    (@fault $number:ident $name:ident $value:ident) => { faults::$name($value as i128) };

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
                pub(super) const fn $name(settings: &Settings) -> Option<Fault> {
                    match settings.$name {
                        Some(value) => define!(@fault $kind $name value),
                        None => None,
                    }
                }
            )+
        }

        /// In the order of the vocabulary's keys.
        pub(crate) const SETTERS: &[Setter] = &[ $( Setter {
            set: |settings, text| {
                let mut asked = Settings::new();
                asked.$name = Some(text::$kind(text).map_err(|takes| format!("`{}` takes {takes}", stringify!($name)))?);
                match fault::$name(&asked) {
                    Some(fault) => Err(fault.line.to_owned()),
                    None => { settings.$name = asked.$name; Ok(()) }
                }
            },
            get: |settings| settings.$name.map(|value| value.to_string()),
        }, )+ ];

        /// The first value out of its range, as a sentence.
        pub(crate) fn first_fault(settings: &Settings) -> Option<&'static str> {
            $( if let Some(fault) = fault::$name(settings) { return Some(fault.line); } )+
            None
        }
    };
}

keys!(define);
