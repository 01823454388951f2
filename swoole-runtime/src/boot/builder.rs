//! `T::builder()`: settings that code decides, above all other sources.

use super::{
    attach,
    config::{self, Asked, ByCode},
    give_birth,
};
use crate::{contract::Server, error::Result, settings::Settings};
use core::marker::PhantomData;
use swoole_vocabulary::keys;

/// A server about to start, whose settings code may still change. What is set here counts more than the command line, the environment,
/// the settings file and the attribute.
///
/// Made by `T::builder()`.
#[must_use = "a builder does nothing until `start` is called"]
pub struct Builder<S> {
    by_code: ByCode,
    server: PhantomData<fn() -> S>,
}

/// The body of `T::builder()`.
pub fn builder<S: Server>() -> Builder<S> {
    let by_code = ByCode {
        settings: Settings::new(),
        listeners: Vec::new(),
        own_arguments: false,
        #[cfg(feature = "cli")]
        file: None,
        #[cfg(feature = "cli")]
        app: None,
    };
    Builder { by_code, server: PhantomData }
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
            self.by_code.settings.$name(String::leak($name.into()));
            self
        }
    };
    (@method periods $name:ident [$($doc:literal)+]) => {
        $(#[doc = $doc])+
        pub fn $name(mut self, $name: impl Into<Vec<u64>>) -> Self {
            // As a text.
            self.by_code.settings.$name(Vec::leak($name.into()));
            self
        }
    };
    (@method switch $name:ident [$($doc:literal)+]) => {
        $(#[doc = $doc])+
        pub const fn $name(mut self, $name: bool) -> Self {
            self.by_code.settings.$name($name);
            self
        }
    };
    (@method $number:ident $name:ident [$($doc:literal)+] $ty:ty) => {
        $(#[doc = $doc])+
        pub const fn $name(mut self, $name: $ty) -> Self {
            self.by_code.settings.$name($name);
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
    /// Reads settings from this TOML file, as `--config` does, where neither that nor `SWOOLE_CONFIG` names another. They count less than
    /// the environment. A file that cannot be read is an error at the start.
    #[cfg(feature = "cli")]
    pub fn config(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.by_code.file = Some(path.into());
        self
    }

    /// Holds the table `[app]` of the settings file against this type before anything is forked, and with `--check`: what is wrong with it
    /// is an error at the start, instead of one of every worker. [`WorkerStart::app`](crate::context::WorkerStart::app) gives the value.
    #[cfg(feature = "cli")]
    pub fn app<T: serde_core::de::DeserializeOwned>(mut self) -> Self {
        self.by_code.app = Some(|app| app.value::<T>().map(drop));
        self
    }

    /// Sets what this listener has of its own, `listener(name = "admin", …)` of the attribute: `builder.listener("admin", |admin|
    /// admin.backlog(64))`. A name that the attribute does not give, and a key that belongs to the server, is an error at the start.
    pub fn listener(mut self, name: impl Into<String>, set: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::new();
        set(&mut settings);
        self.by_code.listeners.push((name.into(), settings));
        self
    }

    /// Leaves the program's arguments to the program: the server looks at none of them. Every other source of settings stays.
    pub const fn own_arguments(mut self) -> Self {
        self.by_code.own_arguments = true;
        self
    }

    /// Runs the server until it is shut down. Call it from a process with one thread: it forks.
    ///
    /// Where an argument asks for information alone, prints that and ends the program with exit code 0. Where one is a command for a server
    /// that runs, such as `stop` or `status`, gives it and ends the program: with 0, with 1 where it failed, with 3 where no server runs.
    ///
    /// # Errors
    /// When a setting is refused, the address cannot be bound, other threads run already, or no worker becomes ready. Nothing is left
    /// behind then.
    pub fn start(self) -> Result<()> {
        if let Some((inherited, note)) = attach::left() {
            return attach::attach::<S>(inherited, &note, &self.by_code);
        }
        let asked = config::read(S::SETTINGS, S::LISTENERS, S::PROCESSES.len(), &self.by_code);
        #[cfg(feature = "cli")]
        let asked = asked.inspect_err(super::update::is_refused);
        match asked? {
            Asked::Serve(settings) => give_birth::<S>(*settings),
            #[cfg(feature = "cli")]
            Asked::End(code) => std::process::exit(code),
            #[cfg(feature = "cli")]
            Asked::Print(text) => {
                use std::io::Write;
                let mut out = std::io::stdout();
                match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                    // Where nobody reads on, as behind `head`, all was said that somebody wanted.
                    Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                        Err(crate::error::Error::start_io("what was asked for cannot be printed", e, ""))
                    }
                    _ => std::process::exit(0),
                }
            }
        }
    }
}
