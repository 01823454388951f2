//! Values as they are typed, one function a kind of key: from the environment, the command line, a file.

use core::time::Duration;

/// Settings are read until the process ends, and each override is read once: the text stays.
pub(super) fn text(text: &str) -> Result<&'static str, String> {
    Ok(String::from(text).leak())
}

pub(super) fn number<N: core::str::FromStr>(text: &str) -> Result<N, String> {
    text.trim().parse().map_err(|_| format!("a whole number, not `{text}`"))
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.trim() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err(format!("true or false, not `{text}`")),
    }
}

/// `90`, `90s`, `1m 30s`, `1h`.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let typed = text.trim();
    if let Ok(seconds) = typed.parse() {
        return Ok(seconds);
    }
    match humantime::parse_duration(typed) {
        Ok(time) if time == Duration::from_secs(time.as_secs()) => Ok(time.as_secs()),
        Ok(_) => Err(format!("whole seconds, as in `5s`, not `{text}`")),
        Err(_) => Err(format!("a time, as in `5s` or `2m`, not `{text}`")),
    }
}

/// `4096`, `64k`, `2M`, `1G`: a K is 1024.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let sizes = parse_size::Config::new().with_binary();
    sizes.parse_size(text.trim()).map_err(|_| format!("a size, as in `64K` or `2M`, not `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_typed_as_people_do() {
        for (typed, seconds_of_it) in
            [("5", 5), (" 5s ", 5), ("5sec", 5), ("2m", 120), ("2min", 120), ("1h", 3600), ("1m 30s", 90), ("1000ms", 1)]
        {
            assert_eq!(seconds(typed), Ok(seconds_of_it), "{typed}");
        }
        for typed in ["", "s", "-1", "5 bananas", "500ms", "1.5s"] {
            assert!(seconds(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_size_is_typed_as_people_do() {
        for (typed, bytes_of_it) in
            [("4096", 4096), ("64k", 65_536), ("64K", 65_536), (" 2M ", 2 << 20), ("2MiB", 2 << 20), ("2MB", 2 << 20), ("1G", 1 << 30)]
        {
            assert_eq!(bytes(typed), Ok(bytes_of_it), "{typed}");
        }
        for typed in ["", "M", "-1", "2 bananas", "99999999999999999999"] {
            assert!(bytes(typed).is_err(), "{typed}");
        }
    }
}
