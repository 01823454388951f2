//! Where a value came from: what a refusal, `--print-config` and the log name it by.

use swoole_vocabulary::Key;

/// Where a value came from, in rising order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Origin {
    /// Nobody set it.
    Default,
    /// The attribute of the program.
    Attribute,
    /// A file, in this line.
    #[cfg(feature = "cli")]
    File { path: &'static str, line: usize },
    /// The environment variable of the key.
    Environment,
    /// The option of the key.
    #[cfg(feature = "cli")]
    CommandLine,
    /// The code that starts the server.
    Builder,
}

impl Origin {
    /// Where to look for a value of this key, of the server or of the listener of this name.
    pub(crate) fn of(self, listener: Option<&str>, key: &Key) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::Attribute => "attribute".to_owned(),
            #[cfg(feature = "cli")]
            Self::File { path, line } => in_line(path, line),
            Self::Environment => {
                let variable = listener.map_or_else(|| variable(key.name), |listener| variable_of(listener, key.name));
                format!("environment variable {variable}")
            }
            #[cfg(feature = "cli")]
            Self::CommandLine => match listener {
                Some(listener) => format!("option --listener {listener}.{}", key.name),
                None => format!("option {}", option(key.name)),
            },
            Self::Builder => "builder".to_owned(),
        }
    }

    /// The place and the value together, as the place writes them; `value` is already in quotes where it has some.
    pub(super) fn with(self, listener: Option<&str>, key: &Key, value: &str) -> String {
        let place = self.of(listener, key);
        match (self, listener) {
            (Self::Environment, _) => format!("{place} = {value}"),
            #[cfg(feature = "cli")]
            (Self::CommandLine, _) => format!("{place} = {value}"),
            (_, Some(listener)) => format!("{place}: listener.{listener}.{} = {value}", key.name),
            (_, None) => format!("{place}: {} = {value}", key.name),
        }
    }
}

/// A place in a file.
#[cfg(feature = "cli")]
pub(crate) fn in_line(path: &str, line: usize) -> String {
    format!("file {path}, line {line}")
}

/// The environment variable of the key of this name.
pub(crate) fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase())
}

/// The environment variable of the key of this name, of one listener.
pub(crate) fn variable_of(listener: &str, name: &str) -> String {
    variable(&format!("listener_{}_{name}", listener.replace('-', "_")))
}

/// What every variable of ours begins with.
pub(crate) const PREFIX: &str = "SWOOLE_";

/// The option of the key of this name.
#[cfg(feature = "cli")]
pub(crate) fn option(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}
