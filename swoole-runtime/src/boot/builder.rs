//! `T::builder()`: settings that code decides, above all other sources.

use super::{config, give_birth};
use crate::{contract::Server, error::Result, settings::Settings};
use core::marker::PhantomData;
use swoole_vocabulary::keys;

/// A server about to start, whose settings code may still change. What is set here counts more than the command line, the environment
/// and the attribute.
///
/// Made by `T::builder()`.
#[must_use = "a builder does nothing until `start` is called"]
pub struct Builder<S> {
    settings: Settings,
    server: PhantomData<fn() -> S>,
}

/// The body of `T::builder()`.
pub fn builder<S: Server>() -> Builder<S> {
    Builder { settings: Settings::new(), server: PhantomData }
}

/// The body of `T::start()`.
///
/// # Errors
/// As [`Builder::start`].
pub fn start<S: Server>() -> Result<()> {
    builder::<S>().start()
}

macro_rules! setters {
    (@method text $name:ident [$($doc:literal)+]) => {
        $(#[doc = $doc])+
        pub fn $name(mut self, $name: impl Into<String>) -> Self {
            // Read once and kept until the process ends, as all settings are.
            self.settings.$name(String::leak($name.into()));
            self
        }
    };
    (@method switch $name:ident [$($doc:literal)+]) => {
        $(#[doc = $doc])+
        pub const fn $name(mut self, $name: bool) -> Self {
            self.settings.$name($name);
            self
        }
    };
    (@method $number:ident $name:ident [$($doc:literal)+] $ty:ty) => {
        $(#[doc = $doc])+
        pub const fn $name(mut self, $name: $ty) -> Self {
            self.settings.$name($name);
            self
        }
    };
    ($( $(#[doc = $doc:literal])+ $kind:ident $name:ident $(: $ty:ty = $lo:literal, $hi:literal, $why:literal)? $(($check:ident))?
        default $default:literal, example $example:literal, original $original:literal, also [$($also:literal)*]; )+) => {
        impl<S: Server> Builder<S> {
            $( setters! { @method $kind $name [$($doc)+] $($ty)? } )+
        }
    };
}
keys!(setters);

impl<S: Server> Builder<S> {
    /// Runs the server until it is shut down. Call it from a process with one thread: it forks.
    ///
    /// # Errors
    /// When a setting is refused, the address cannot be bound, other threads run already, or no worker becomes ready. Nothing is left
    /// behind then.
    pub fn start(self) -> Result<()> {
        #[cfg(feature = "cli")]
        let command_line = super::command_line::read()?;
        #[cfg(not(feature = "cli"))]
        let command_line = Vec::new();
        let settings = config::collect(S::SETTINGS, &self.settings, command_line)?;
        give_birth::<S>(config::resolve(&settings)?)
    }
}
