//! Values as they are typed: a number, a switch, a text.

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

/// Settings are read until the process ends, and each override is read once: the text stays.
pub(super) fn for_ever(text: &str) -> &'static str {
    String::from(text).leak()
}
