//! Values that come as text: from the environment, the command line, the builder.

use super::keys::{SETTERS, Settings};
use core::fmt;
use swoole_vocabulary::{KEYS, Suggestion, key_meant};

/// Where a value came from, as an error names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    Environment(String),
    CommandLine(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(key) => {
                write!(f, "environment variable SWOOLE_{}", key.to_uppercase())
            }
            Self::CommandLine(key) => write!(f, "option --{}", key.replace('_', "-")),
        }
    }
}

/// Sets the key of this name to this text; the error is a sentence without its origin.
pub(crate) fn set_by_name(settings: &mut Settings, name: &str, text: &str) -> Result<(), String> {
    match KEYS.iter().zip(SETTERS).find(|(key, _)| key.name == name) {
        Some((_, setter)) => (setter.set)(settings, text),
        None => Err(unknown(name)),
    }
}

fn unknown(name: &str) -> String {
    match key_meant(name) {
        Some(Suggestion::NotYet(near)) if near == name => format!("the setting `{name}` is not there yet"),
        Some(Suggestion::NotYet(near)) => format!("there is no setting `{name}`, and `{near}` is not there yet"),
        Some(Suggestion::Known(near)) => format!("there is no setting `{name}`; did you mean `{near}`?"),
        None => {
            let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            format!("there is no setting `{name}`; the settings are {}", names.join(", "))
        }
    }
}

/// Every `SWOOLE_…` variable as key and text; a value that is no UTF-8 stays as its lossy form and fails as such.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?.strip_prefix("SWOOLE_")?.to_lowercase();
        Some((name, value.to_string_lossy().into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_its_range_says_which_range() {
        let mut settings = Settings::new();
        assert_eq!(set_by_name(&mut settings, "workers", "0"), Err("`workers` takes a number from 1 to 1024".to_owned()));
        assert_eq!(set_by_name(&mut settings, "workers", "many"), Err("`workers` takes a whole number, not `many`".to_owned()));
        assert_eq!(set_by_name(&mut settings, "tcp_nodelay", "maybe"), Err("`tcp_nodelay` takes true or false, not `maybe`".to_owned()));
        assert_eq!(settings.workers, None);
        assert_eq!(set_by_name(&mut settings, "workers", " 3 "), Ok(()));
        assert_eq!(settings.workers, Some(3));
    }
}
