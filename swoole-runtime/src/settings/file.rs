//! The settings file: TOML, keys at the top level as the attribute names them, and the user's own table `[app]`.

use super::{
    app::{App, Source, in_order},
    origin::{Origin, in_line},
    overrides::{Collected, Whose},
    text,
    unknown::{meant, quoted, unknown},
};
use std::borrow::Cow;
use swoole_vocabulary::{KEYS, Key, Kind, Value, nearest};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The table that is the user's own.
const APP: &str = "app";

/// The table in which each listener beside the main one has a table of its own.
const LISTENER: &str = "listener";

impl Collected {
    /// Lays the values of a file over what was there; gives back the user's own section, unless it
    /// is no table, or the text no TOML. Path and text stay until the process ends: the
    /// settings refer to them.
    pub(crate) fn file(&mut self, path: &'static str, text: &'static str) -> Option<App> {
        let source = Source { path, text };
        let mut app = Some(App { source: Some(source), section: None });
        let table = match DeTable::parse(text) {
            // The user's own section is referred to until the process ends.
            Ok(table) => &*Box::leak(Box::new(table.into_inner())),
            Err(e) => {
                let place = in_line(path, source.line(e.span().map_or(0, |span| span.start)));
                self.refusals.push(format!("{place} is no TOML: {}", e.message().replace('\n', " ")));
                return None;
            }
        };
        for (name, value) in in_order(table) {
            let line = source.line(name.span().start);
            let (name, written) = (name.get_ref(), value.get_ref());
            match (KEYS.iter().position(|key| key.name == name), written) {
                (Some(at), _) => self.written(Whose::Server, at, name, value, (source, line)),
                (None, DeValue::Table(listeners)) if name == LISTENER => self.listeners_in(listeners, source),
                (None, DeValue::Table(_)) if name == APP => app = Some(App { source: Some(source), section: Some(value) }),
                (None, _) => {
                    if name == APP {
                        app = None;
                    }
                    let why = no_such_key(name, written);
                    self.refusals.push(format!("{}: {} is refused: {why}", in_line(path, line), name.escape_debug()));
                }
            }
        }
        app
    }

    /// A value for the key at this place of the vocabulary; `name` as a refusal names it.
    fn written(&mut self, whose: Whose, at: usize, name: &str, value: &'static Spanned<DeValue<'static>>, (source, line): (Source, usize)) {
        let (shown, written, path) = (source.shown(value.span()), value.get_ref(), source.path);
        match typed(&KEYS[at], written) {
            Ok(value) => self.value(whose, at, value, &shown, Origin::File { path, line }),
            Err(takes) => {
                let found = if written.is_table() { format!("{name}, a table,") } else { format!("{name} = {shown}") };
                let (key, not) = (KEYS[at].name, a(written.type_str()));
                self.refusals.push(format!("{}: {found} is refused: `{key}` takes {takes}, not {not}", in_line(path, line)));
            }
        }
    }

    /// `[listener.admin]`, for each listener.
    fn listeners_in(&mut self, listeners: &'static DeTable<'static>, source: Source) {
        for (name, of_it) in in_order(listeners) {
            let place = in_line(source.path, source.line(name.span().start));
            let name = name.get_ref();
            let whose = self.listener(name);
            let (whose, table) = match (whose, of_it.get_ref().as_table()) {
                (Ok(whose), Some(table)) => (whose, table),
                (Ok(_), None) => {
                    self.refusals.push(format!("{place}: listener.{name} is refused: it is a table, as in `[listener.{name}]`"));
                    continue;
                }
                (Err(why), _) => {
                    self.refusals.push(format!("{place}: listener.{} is refused: {why}", name.escape_debug()));
                    continue;
                }
            };
            for (key, value) in in_order(table) {
                let shown = format!("listener.{name}.{}", key.get_ref().escape_debug());
                match Self::key_of_listener(key.get_ref()) {
                    Ok(at) => self.written(whose, at, &shown, value, (source, source.line(key.span().start))),
                    Err(why) => {
                        let place = in_line(source.path, source.line(key.span().start));
                        self.refusals.push(format!("{place}: {shown} is refused: {why}"));
                    }
                }
            }
        }
    }
}

/// The value as one for this key, or what the key takes.
fn typed(key: &Key, value: &DeValue<'static>) -> Result<Value<'static>, &'static str> {
    match (key.kind, value) {
        (Kind::Text, DeValue::String(Cow::Borrowed(text))) => Ok(Value::Text(text)),
        (Kind::Text, DeValue::String(Cow::Owned(text))) => Ok(Value::Text(text.clone().leak())),
        (Kind::Text, _) => Err("a text"),
        (Kind::Switch, DeValue::Boolean(switch)) => Ok(Value::Switch(*switch)),
        (Kind::Switch, _) => Err("true or false"),
        (Kind::Number | Kind::Seconds | Kind::Bytes, DeValue::Integer(number)) => {
            // What is larger than any that can be counted with is out of every range.
            let largest = if number.as_str().starts_with('-') { i128::MIN } else { i128::MAX };
            Ok(Value::Number(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(largest)))
        }
        (Kind::Periods, DeValue::Array(periods)) => {
            let period = |value: &DeValue<'_>| match value {
                DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
                _ => None,
            };
            let periods: Option<Vec<u64>> = periods.iter().map(|value| period(value.get_ref())).collect();
            periods.map(|periods| Value::Periods(periods.leak())).ok_or(PERIODS)
        }
        (Kind::Periods, _) => Err(PERIODS),
        (Kind::Number, _) => Err("a whole number"),
        (Kind::Seconds | Kind::Bytes, DeValue::String(text)) => match text::read(key, text)? {
            Value::Number(number) => Ok(Value::Number(number)),
            Value::Text(_) | Value::Switch(_) | Value::Periods(_) => Err(key.kind.words()),
        },
        (Kind::Seconds, _) => Err("a number of seconds, or a time in quotes as in \"5s\""),
        (Kind::Bytes, _) => Err("a number of bytes, or a size in quotes as in \"2M\""),
    }
}

/// What a key of periods takes in a file.
const PERIODS: &str = "a list of milliseconds, as in [1000, 20]";

/// What TOML calls a type, in a sentence behind "not".
fn a(what: &str) -> &str {
    match what {
        "string" => "a text",
        "integer" => "an integer",
        "float" => "a number with a point",
        "boolean" => "a boolean",
        "datetime" => "a date",
        "array" => "an array",
        "table" => "a table",
        other => other,
    }
}

fn no_such_key(name: &str, value: &DeValue<'_>) -> String {
    if name == APP {
        return "`[app]` is a table of your own".to_owned();
    }
    let is_like_app = nearest(name, [(APP, ["application", "custom"].as_slice())].into_iter()).is_some();
    if value.is_table() && is_like_app {
        return "there is no such table; did you mean `[app]`?".to_owned();
    }
    match meant(name, quoted) {
        Some(meant) => meant,
        None if value.is_table() => "there is no such table; there are `[listener.NAME]`, and `[app]` for what is your own".to_owned(),
        None => format!("{}; what is your own stands in `[app]`", unknown(name, quoted)),
    }
}

#[cfg(test)]
mod tests;
