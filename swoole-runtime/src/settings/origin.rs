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
    /// Where to look for a value of this key.
    pub(crate) fn of(self, key: &Key) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::Attribute => "attribute".to_owned(),
            #[cfg(feature = "cli")]
            Self::File { path, line } => in_line(path, line),
            Self::Environment => format!("environment variable {}", variable(key.name)),
            #[cfg(feature = "cli")]
            Self::CommandLine => format!("option {}", option(key.name)),
            Self::Builder => "builder".to_owned(),
        }
    }

    /// The place and the value together, as the place writes them; `value` is already in quotes where it has some.
    pub(super) fn with(self, key: &Key, value: &str) -> String {
        match self {
            Self::Environment => format!("{} = {value}", self.of(key)),
            #[cfg(feature = "cli")]
            Self::CommandLine => format!("{} = {value}", self.of(key)),
            _ => format!("{}: {} = {value}", self.of(key), key.name),
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

/// What every variable of ours begins with.
pub(crate) const PREFIX: &str = "SWOOLE_";

/// The option of the key of this name.
#[cfg(feature = "cli")]
pub(crate) fn option(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}
