//! What `--print-config` prints: every value with where it comes from, as a settings file that gives the same values again.

use super::{
    app::{App, Source, in_order},
    origin::in_line,
    overrides::Collected,
    text::Readable,
};
use core::fmt::Write;
use swoole_vocabulary::{KEYS, KEYS_OF_LISTENERS, Key, Kind, SIZE_UNITS, TIME_UNITS, Value};
use toml::de::{DeTable, DeValue};

/// The settings and the user's own section as TOML.
pub(crate) fn printed(collected: &Collected, app: &App) -> String {
    let mut toml = String::new();
    for (at, key) in KEYS.iter().enumerate() {
        let line = match collected.settings.get(at) {
            None => format!("# {}  # not set\n", example(key)),
            Some(value) => {
                format!("{} = {}  # {}\n", key.name, as_toml(key, value), collected.origin(at))
            }
        };
        toml.push_str(&line);
    }
    for (listener, of) in collected.listeners.iter().enumerate() {
        // Writing into a string cannot fail.
        let _ = write!(toml, "\n[listener.{}]\n", of.name);
        for (at, key) in KEYS.iter().enumerate().filter(|(_, key)| KEYS_OF_LISTENERS.contains(&key.name)) {
            let _ = match (of.settings.get(at), collected.settings.get(at)) {
                (Some(value), _) => {
                    writeln!(toml, "{} = {}  # {}", key.name, as_toml(key, value), collected.origin_of_listener(listener, at))
                }
                (None, Some(value)) if key.name != "listen" => writeln!(toml, "# {} = {}  # the server's", key.name, as_toml(key, value)),
                (None, _) => writeln!(toml, "# {}  # not set", example(key)),
            };
        }
    }
    if let (Some(source), Some(table)) = (app.source, app.table()) {
        section("app", table, source, &mut toml);
    }
    toml
}

/// The line that stands for a key which nobody has set, as a settings file may have it: a unit stands behind its number there.
fn example(key: &Key) -> String {
    let of_unit = || {
        let (name, value) = key.example.split_once(" = ")?;
        let (unit, number) = value.strip_suffix(')')?.split_once('(')?;
        let (_, _, [short, ..]) = TIME_UNITS.iter().chain(SIZE_UNITS).find(|(known, ..)| *known == unit)? else { return None };
        Some(format!("{name} = \"{number}{short}\""))
    };
    of_unit().unwrap_or_else(|| key.example.to_owned())
}

/// The value of a key.
fn as_toml(key: &Key, value: Value<'_>) -> String {
    let readable = Readable(key.kind, value).to_string();
    let is_quoted = matches!(key.kind, Kind::Text | Kind::Seconds | Kind::Bytes) && !matches!(value, Value::Switch(_));
    match value {
        Value::Periods(_) => format!("[{readable}]"),
        _ if is_quoted => quoted(&readable),
        _ => readable,
    }
}

/// A table: its own values first, then the tables in it.
fn section(name: &str, table: &DeTable<'_>, source: Source, toml: &mut String) {
    // Writing into a string cannot fail.
    let _ = write!(toml, "\n[{name}]\n");
    for (key, value) in in_order(table) {
        if !value.get_ref().is_table() {
            let line = in_line(source.path, source.line(key.span().start));
            let _ = writeln!(toml, "{} = {}  # {line}", bare(key.get_ref()), literal(value.get_ref()));
        }
    }
    for (key, value) in in_order(table) {
        if let Some(inner) = value.get_ref().as_table() {
            section(&format!("{name}.{}", bare(key.get_ref())), inner, source, toml);
        }
    }
}

/// A value on one line.
fn literal(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(switch) => switch.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| literal(value.get_ref())).collect();
            format!("[{}]", values.join(", "))
        }
        DeValue::Table(table) => {
            let entries = in_order(table).into_iter();
            let entries: Vec<_> = entries.map(|(key, value)| format!("{} = {}", bare(key.get_ref()), literal(value.get_ref()))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A key, in quotes where it needs some.
fn bare(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_bare { key.to_owned() } else { quoted(key) }
}

/// A text in quotes, on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Listener, Settings};

    fn read(text: &str) -> (Collected, App) {
        let mut collected = Collected::new(Settings::new(), &[Listener { name: "admin", settings: Settings::new() }]);
        let app = collected.file("settings.toml", text.to_owned().leak()).unwrap_or_default();
        assert_eq!(collected.refusals, [""; 0], "{text}");
        (collected, app)
    }

    #[test]
    fn what_is_printed_gives_the_same_values_again() {
        let (collected, app) = read(concat!(
            "workers = 0x10\nmax_wait_time = 90\nring_memory = \"64MiB\"\ntcp_nodelay = false\nlisten = 'tcp://[::1]:0'\n",
            "app.z = 1_000\n[app.a]\n\"b c\" = \"quote \\\" back \\\\ line \\n end \\u007f ü\"\nempty = {}\nwhen = 1979-05-27T07:32:00Z\n",
            "[[app.list]]\nx = -0.5e3\n[[app.list]]\ny = [true, [1, 0b11], inf, nan]\n[listener.admin]\nbacklog = 7\n",
        ));
        let once = printed(&collected, &app);
        for line in [
            "listen = \"tcp://[::1]:0\"  # file settings.toml, line 5",
            "workers = 16  # file settings.toml, line 1",
            "max_wait_time = \"1m 30s\"  # file settings.toml, line 2",
            "ring_memory = \"64M\"  # file settings.toml, line 3",
            "# backlog = 512  # not set",
            "[listener.admin]",
            "backlog = 7  # file settings.toml, line 16",
            "# tcp_nodelay = false  # the server's",
            "[app]",
            "z = 1000  # file settings.toml, line 6",
            "list = [{ x = -0.5e3 }, { y = [true, [1, 0b11], inf, nan] }]  # file settings.toml, line 11",
            "[app.a]",
            "\"b c\" = \"quote \\\" back \\\\ line \\u000A end \\u007F ü\"  # file settings.toml, line 8",
        ] {
            assert!(once.lines().any(|printed| printed == line), "{line} is in\n{once}");
        }
        let (again, app) = read(&once);
        let values = |text: &str| text.lines().map(|line| line.split("  # ").next().map(str::to_owned)).collect::<Vec<_>>();
        assert_eq!(values(&printed(&again, &app)), values(&once));
    }
}
