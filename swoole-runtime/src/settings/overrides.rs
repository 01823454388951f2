//! Values that come as text: from the environment, the command line, the builder.

use super::vocabulary::{KEYS, Settings};
use core::fmt;

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
    match KEYS.iter().find(|key| key.name == name) {
        Some(key) => (key.set)(settings, text),
        None => Err(match nearest(name) {
            Some(near) => format!("there is no setting `{name}`; did you mean `{near}`?"),
            None => {
                let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
                format!("there is no setting `{name}`; the settings are {}", names.join(", "))
            }
        }),
    }
}

/// Every `SWOOLE_…` variable as key and text; a value that is no UTF-8 stays as its lossy form and fails as such.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.to_str()?.strip_prefix("SWOOLE_")?.to_lowercase();
        Some((name, value.to_string_lossy().into_owned()))
    })
}

/// The key that was probably meant: at most a third of its letters differ.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    let plain = |s: &str| s.replace(['_', '-'], "").to_lowercase();
    let name = plain(name);
    KEYS.iter()
        .map(|key| (distance(&name, &plain(key.name)), key.name))
        .filter(|(far, key)| far * 3 <= name.len().max(key.len()))
        .min()
        .map(|(_, key)| key)
}

/// How many letters must be put in, taken out, exchanged or swapped with their neighbour to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let swap = if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(swap)
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_key_that_was_meant() {
        for (typo, key) in [
            ("workrs", "workers"),
            ("worker", "workers"),
            ("lsiten", "listen"),
            ("maxconn", "max_conn"),
            ("tcp-nodelay", "tcp_nodelay"),
            ("log_levl", "log_level"),
        ] {
            assert_eq!(nearest(typo), Some(key), "{typo}");
        }
    }

    #[test]
    fn a_stranger_finds_none() {
        for word in ["colour", "x", "", "database_url"] {
            assert_eq!(nearest(word), None, "{word}");
        }
    }

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
