//! Values as people type and read them: from the environment and the command line, in a file, in the help.

#[cfg(feature = "cli")]
use core::fmt;
use core::time::Duration;
use swoole_vocabulary::{Key, Kind, Value};

/// Reads what was typed as a value for this key, or says behind "takes" what the key takes. Whether the value is in its range is
/// another question.
pub(crate) fn read<'a>(key: &Key, typed: &'a str) -> Result<Value<'a>, &'static str> {
    match key.kind {
        Kind::Text => Ok(Value::Text(typed)),
        Kind::Number => whole(typed.trim()).map(Value::Number).ok_or("a whole number"),
        Kind::Seconds => seconds(typed.trim()).map(Value::Number),
        Kind::Bytes => bytes(typed.trim()).map(Value::Number),
        Kind::Switch => match typed.trim() {
            "true" | "1" | "on" | "yes" => Ok(Value::Switch(true)),
            "false" | "0" | "off" | "no" => Ok(Value::Switch(false)),
            _ => Err("true or false"),
        },
        Kind::Periods => periods(typed).map(|periods| Value::Periods(periods.leak())).ok_or("a list of milliseconds, as in `1000,20`"),
    }
}

/// A whole number. What is larger than any that can be counted with is the largest: it is out of every range.
fn whole(typed: &str) -> Option<i128> {
    let digits = typed.trim_start_matches(['+', '-']);
    let is_number = !digits.is_empty() && typed.len() <= digits.len() + 1 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let largest = if typed.starts_with('-') { i128::MIN } else { i128::MAX };
    // 64 bits hold whatever a key takes.
    is_number.then(|| typed.parse::<i64>().map_or(largest, i128::from))
}

/// `1000,20`; nothing for none.
fn periods(typed: &str) -> Option<Vec<u64>> {
    let typed = typed.trim();
    if typed.is_empty() { Some(Vec::new()) } else { typed.split(',').map(|period| period.trim().parse().ok()).collect() }
}

/// `90`, `90s`, `1m 30s`, `1h`.
fn seconds(typed: &str) -> Result<i128, &'static str> {
    if let Some(seconds) = whole(typed) {
        return Ok(seconds);
    }
    match humantime::parse_duration(typed) {
        Ok(time) if time == Duration::from_secs(time.as_secs()) => Ok(time.as_secs().into()),
        Ok(_) => Err("whole seconds, as in `5s`"),
        Err(_) => Err("a time, as in `5s` or `2m`"),
    }
}

/// `4096`, `64k`, `2M`, `1G`: a K is 1024.
fn bytes(typed: &str) -> Result<i128, &'static str> {
    if let Some(bytes) = whole(typed) {
        return Ok(bytes);
    }
    // A part of a byte is none.
    if typed.parse::<f64>().is_ok() {
        return Err("a size, as in `64K` or `2M`");
    }
    let sizes = parse_size::Config::new().with_binary();
    sizes.parse_size(typed).map(i128::from).map_err(|_| "a size, as in `64K` or `2M`")
}

/// A value as a person reads it, and as [`read`] reads it again: `2`, `3s`, `8M`, `true`, `info`.
#[cfg(feature = "cli")]
pub(crate) struct Readable<'a>(pub(crate) Kind, pub(crate) Value<'a>);

#[cfg(feature = "cli")]
impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (_, Value::Text(text)) => f.write_str(text),
            (_, Value::Switch(switch)) => write!(f, "{switch}"),
            (_, Value::Periods(periods)) => {
                for (at, period) in periods.iter().enumerate() {
                    write!(f, "{}{period}", if at == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            (kind, Value::Number(number)) => match (kind, u64::try_from(number).unwrap_or(0)) {
                (Kind::Seconds, seconds) => fmt::Display::fmt(&humantime::format_duration(Duration::from_secs(seconds)), f),
                (Kind::Bytes, bytes) => {
                    let units = [(1 << 30, "G"), (1 << 20, "M"), (1 << 10, "K")];
                    let unit = units.into_iter().find(|(unit, _)| bytes > 0 && bytes % unit == 0);
                    let (size, letter) = unit.unwrap_or((1, ""));
                    write!(f, "{}{letter}", bytes / size)
                }
                (_, number) => fmt::Display::fmt(&number, f),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_typed_as_people_do() {
        for (typed, seconds_of_it) in
            [("5", 5), ("5s", 5), ("5sec", 5), ("2m", 120), ("2min", 120), ("1h", 3600), ("1m 30s", 90), ("1000ms", 1), ("-1", -1)]
        {
            assert_eq!(seconds(typed), Ok(seconds_of_it), "{typed}");
        }
        for typed in ["", "s", "5 bananas", "500ms", "1.5s"] {
            assert!(seconds(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_size_is_typed_as_people_do() {
        for (typed, bytes_of_it) in
            [("4096", 4096), ("64k", 65_536), ("64K", 65_536), ("2M", 2 << 20), ("2MiB", 2 << 20), ("2MB", 2 << 20), ("1G", 1 << 30)]
        {
            assert_eq!(bytes(typed), Ok(bytes_of_it), "{typed}");
        }
        for typed in ["", "M", "2 bananas", "99999999999999999999M"] {
            assert!(bytes(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn periods_are_typed_with_commas_in_between() {
        for (typed, list) in [("", Some(vec![])), ("1000", Some(vec![1000])), (" 1000, 20", Some(vec![1000, 20])), ("0", Some(vec![0]))] {
            assert_eq!(periods(typed), list, "{typed}");
        }
        for typed in [",", "1000,", "1s", "-1", "[1000]", "99999999999999999999"] {
            assert_eq!(periods(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_number_is_known_to_be_one_however_large() {
        for (typed, number) in [("0", 0), ("+7", 7), ("-7", -7), ("99999999999", 99_999_999_999)] {
            assert_eq!(whole(typed), Some(number), "{typed}");
        }
        let long = "9".repeat(60);
        assert_eq!(whole(&long), Some(i128::MAX));
        assert_eq!(whole(&format!("-{long}")), Some(i128::MIN));
        for typed in ["", "-", "+-1", "--1", "1.0", "many", "0x10", "1_000"] {
            assert_eq!(whole(typed), None, "{typed}");
        }
    }

    #[cfg(feature = "cli")]
    #[test]
    fn what_is_printed_is_read_again() {
        for (name, number, printed) in [
            ("workers", 12, "12"),
            ("max_wait_time", 3, "3s"),
            ("max_wait_time", 90, "1m 30s"),
            ("max_wait_time", 3600, "1h"),
            ("ring_memory", 64 << 20, "64M"),
            ("ring_memory", 65_537, "65537"),
            ("ring_memory", 16 << 30, "16G"),
        ] {
            let key = swoole_vocabulary::key(name).expect("a key");
            let text = Readable(key.kind, Value::Number(number)).to_string();
            assert_eq!(text, printed);
            assert_eq!(read(key, &text), Ok(Value::Number(number)), "{text}");
        }
    }
}
