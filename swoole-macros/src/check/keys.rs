//! The keys of the attribute, by name.
//!
//! - An entry is `key = value`.
//! - There is such a key, in this release.
//! - It stands there once.
//! - `mode` is a literal, since it decides what is compiled in, and names a mode there is.
//! - A function in a time, if it looks like a unit, is one.
//!
//! Types and ranges are for the compiler to see.

use super::Setting;
use crate::{
    diagnostics::{Fault, as_written, listed},
    read::Entry,
    vocabulary::{KEYS, KEYS_NOT_YET, Key, MODES_NOT_YET, Suggestion, UNITS, Value, key, key_meant, mode_meant, unit_meant},
};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

pub(super) fn check(entries: Vec<Entry>, faults: &mut Vec<Fault>) -> Vec<Setting> {
    let mut seen = Vec::new();
    let mut settings = Vec::new();
    for entry in entries {
        let (name, value) = match entry {
            Entry::Key { name, value } => (name, Ok(value)),
            Entry::WithoutValue { name } => (name, Err("has no value")),
            Entry::Group { name } => (name, Err("is not a group of keys")),
            Entry::Stray(tokens) => {
                faults.push(
                    Fault::at(&tokens, "this is not a key of `#[swoole::server]`")
                        .note("the attribute takes keys and their values, with a comma between two of them")
                        .help("write `#[swoole::server(listen = \"tcp://127.0.0.1:9501\", workers = 4)]`"),
                );
                continue;
            }
        };
        let text = name.to_string();
        let Some(key) = key(&text) else {
            faults.push(no_such_key(&name, &text, value.ok().as_ref()));
            continue;
        };
        if seen.contains(&text) {
            faults.push(
                Fault::at(&name, format!("`{text}` stands twice in this attribute"))
                    .note("one of the two values would be ignored")
                    .help("keep one of the two lines"),
            );
            continue;
        }
        seen.push(text);
        settings.extend(setting(key, name, value, faults));
    }
    settings
}

/// Whether there are sessions: without a `listen` that says otherwise there are, since an address may come at run time.
pub(super) fn are_sessions_served(settings: &[Setting]) -> bool {
    let listen = settings.iter().find(|setting| setting.name == "listen");
    let url = listen.and_then(|setting| syn::parse2::<syn::LitStr>(setting.value.clone()).ok());
    !url.is_some_and(|url| ["udp://", "udp6://", "unix-dgram://"].iter().any(|scheme| url.value().starts_with(scheme)))
}

fn setting(key: &'static Key, name: Ident, value: Result<TokenStream, &str>, faults: &mut Vec<Fault>) -> Option<Setting> {
    let value = match value {
        Ok(value) => value,
        Err(what) => {
            faults.push(
                Fault::at(&name, format!("`{name}` {what}"))
                    .note("a key and its value stand on two sides of `=`")
                    .help(format!("write `{}`", key.example)),
            );
            return None;
        }
    };
    let fault = match key.value {
        Value::Plain => None,
        Value::Mode => fault_of_mode(&value),
        Value::Time => fault_of_time(key, &value),
    };
    match fault {
        None => Some(Setting { key, name, value }),
        Some(fault) => {
            faults.push(fault);
            None
        }
    }
}

fn no_such_key(name: &Ident, text: &str, value: Option<&TokenStream>) -> Fault {
    let known = || format!("the keys of this release are {}", listed(KEYS.iter().map(|key| key.name)));
    if KEYS_NOT_YET.iter().any(|(key, _)| *key == text) {
        return Fault::at(name, format!("the key `{text}` is not there yet")).note(known()).help(format!("remove `{text}`"));
    }
    let fault = Fault::at(name, format!("there is no key `{text}`"));
    match key_meant(text) {
        Some(Suggestion::Known(near)) => {
            let line = match value {
                // A port, or a host, is not yet an address.
                Some(value) if near != "listen" => format!("{near} = {}", as_written(value)),
                _ => key(near).map_or("", |key| key.example).to_owned(),
            };
            fault.note(format!("there is a key `{near}`")).help(format!("write `{line}`"))
        }
        Some(Suggestion::NotYet(near)) => fault.note(format!("`{near}` is not there yet; {}", known())).help(format!("remove `{text}`")),
        None => fault.note(known()).help(format!("remove `{text}`, or take one of these")),
    }
}

fn fault_of_mode(value: &TokenStream) -> Option<Fault> {
    let write = "write `mode = \"process\"`";
    let Ok(literal) = syn::parse2::<syn::LitStr>(value.clone()) else {
        return Some(
            Fault::at(value, "`mode` takes a string literal")
                .note("it decides which parts of the server are compiled in, before any value is known")
                .help(write),
        );
    };
    let mode = literal.value();
    if mode == "process" {
        return None;
    }
    let not_yet = format!("the mode of this release is \"process\"; {} are not there yet", listed(MODES_NOT_YET.iter().copied()));
    if MODES_NOT_YET.contains(&mode.as_str()) {
        return Some(Fault::at(value, format!("the mode `{mode}` is not there yet")).note(not_yet).help(write));
    }
    let fault = Fault::at(value, format!("there is no mode `{mode}`"));
    Some(match mode_meant(&mode) {
        Some(Suggestion::Known(near)) => fault.note(format!("there is a mode `{near}`")).help(write),
        _ => fault.note(not_yet).help(write),
    })
}

fn fault_of_time(key: &Key, value: &TokenStream) -> Option<Fault> {
    let (called, arguments) = plain_calls(value).into_iter().find(|(name, _)| !UNITS.iter().any(|(unit, _)| name == unit))?;
    let name = called.to_string();
    let fault = |what: &str, write: String| {
        Fault::at(&called, format!("{what} `{name}`"))
            .note(format!("`{}` is a number of seconds; the units are {}", key.name, listed(UNITS.iter().map(|(unit, _)| *unit))))
            .help(format!("write `{} = {write}`", key.name))
    };
    match name.as_str() {
        "ms" | "millis" | "msecs" | "milliseconds" | "us" | "micros" | "nanos" => {
            Some(fault("a time of whole seconds has no unit", "secs(1)".to_owned()))
        }
        "h" | "hour" | "hours" => Some(fault("there is no unit", format!("mins({} * 60)", arguments.stream()))),
        "d" | "day" | "days" => Some(fault("there is no unit", format!("mins({} * 24 * 60)", arguments.stream()))),
        _ => match unit_meant(&name)? {
            Suggestion::Known(near) => Some(fault("there is no unit", format!("{near}({})", arguments.stream()))),
            Suggestion::NotYet(_) => None,
        },
    }
}

/// The calls of functions that are named without a path, at any depth.
pub(crate) fn plain_calls(value: &TokenStream) -> Vec<(Ident, Group)> {
    let mut calls = Vec::new();
    let mut name = None;
    let mut in_a_path = false;
    for token in value.clone() {
        match token {
            TokenTree::Ident(ident) if !in_a_path => name = Some(ident),
            TokenTree::Group(group) => {
                calls.extend(plain_calls(&group.stream()));
                if let (Some(name), Delimiter::Parenthesis) = (name.take(), group.delimiter()) {
                    calls.push((name, group));
                }
                in_a_path = false;
            }
            TokenTree::Punct(punct) => {
                in_a_path = matches!(punct.as_char(), ':' | '.');
                name = None;
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => name = None,
        }
    }
    calls
}
