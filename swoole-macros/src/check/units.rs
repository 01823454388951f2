//! Units of time and of size.
//!
//! - A function in a time or a size, if it looks like a unit, is one, and of the right kind (C6).
//! - A unit is a function, not letters behind a number.

use super::values::{self, Known};
use crate::diagnostics::{Fault, as_written, listed};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use swoole_vocabulary::{Key, Kind, SIZE_UNITS, TIME_UNITS, Unit, unit_meant};
use syn::{Expr, Lit, LitInt, ext::IdentExt};

/// The units of a kind of values.
pub(super) fn of(kind: Kind) -> Option<&'static [Unit]> {
    match kind {
        Kind::Seconds => Some(TIME_UNITS),
        Kind::Bytes => Some(SIZE_UNITS),
        Kind::Text | Kind::Number | Kind::Switch | Kind::Periods => None,
    }
}

/// What was typed as it is when the program runs, `5s` or `2M`, as it is written here.
pub(super) fn typed(kind: Kind, text: &str) -> Option<String> {
    let units = of(kind)?;
    let letters = text.trim().trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = text.trim().strip_suffix(letters).filter(|digits| !digits.is_empty())?;
    let unit = unit_meant(letters.trim(), kind == Kind::Seconds)?;
    units.iter().any(|(known, ..)| *known == unit).then(|| format!("{unit}({digits})"))
}

pub(super) fn fault(key: &Key, value: &TokenStream) -> Option<Fault> {
    of_suffix(key, value).or_else(|| of_path(key, value)).or_else(|| of_argument(key, value)).or_else(|| of_call(key, value))
}

/// `5s`, `2M`: as it is written when the program runs.
fn of_suffix(key: &Key, value: &TokenStream) -> Option<Fault> {
    let token = value.clone().into_iter().find_map(|token| match token {
        TokenTree::Literal(literal) => match syn::parse2::<Lit>(TokenTree::Literal(literal).into()) {
            Ok(Lit::Int(number)) if !number.suffix().is_empty() && !is_a_type(&number) => Some(number),
            _ => None,
        },
        _ => None,
    })?;
    let (digits, suffix) = (token.base10_digits(), token.suffix());
    let fault = Fault::at(&token, format!("a number has no unit `{suffix}` behind it"));
    let Some(units) = of(key.kind) else {
        return Some(fault.note(format!("`{}` is a number", key.name)).help(format!("write `{} = {digits}`", key.name)));
    };
    let meant = unit_meant(suffix, key.kind == Kind::Seconds).or_else(|| units.first().map(|(name, ..)| *name)).unwrap_or_default();
    Some(fault.note(note(key, units)).help(format!("write `{} = {meant}({digits})`", key.name)))
}

fn is_a_type(number: &LitInt) -> bool {
    matches!(number.suffix().as_bytes(), [b'u' | b'i' | b'f', ..])
}

/// `Duration::from_secs(3)`, `swoole::secs(3)`, `3.secs()`.
fn of_path(key: &Key, value: &TokenStream) -> Option<Fault> {
    let units = of(key.kind)?;
    let expression = syn::parse2::<Expr>(value.clone()).ok()?;
    let (name, argument) = match &expression {
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) if path.path.segments.len() > 1 && !path.path.segments.first()?.ident.to_string().starts_with("self") => {
                (&path.path.segments.last()?.ident, call.args.first()?.to_token_stream())
            }
            _ => return None,
        },
        Expr::MethodCall(call) if call.args.is_empty() => (&call.method, call.receiver.to_token_stream()),
        _ => return None,
    };
    let text = name.to_string();
    let unit = text.trim_start_matches("from_");
    let (unit, ..) = units.iter().find(|(known, ..)| unit == *known).or_else(|| units.first().filter(|_| text == "from_secs"))?;
    Some(
        Fault::at(&expression, format!("`{}` takes {} with a unit, which is named without a path", key.name, key.kind.words()))
            .note(note(key, units))
            .help(format!("write `{} = {unit}({argument})`", key.name)),
    )
}

/// `secs(0.5)`, `secs("3")`, `secs()`.
fn of_argument(key: &Key, value: &TokenStream) -> Option<Fault> {
    let units = of(key.kind)?;
    plain_calls(value).into_iter().filter(|(name, _)| units.iter().any(|(unit, ..)| name == unit)).find_map(|(unit, arguments)| {
        let argument = arguments.stream();
        let is_right = match values::known(&argument, None) {
            Known::Number(_) => true,
            Known::Unknown => syn::parse2::<Expr>(argument.clone()).is_ok(),
            Known::Text(_) | Known::Switch(_) | Known::Other(_) => false,
        };
        (!is_right).then(|| {
            Fault::at(&unit, format!("`{unit}` takes one whole number")).note(note(key, units)).help(format!("write `{}`", key.example))
        })
    })
}

fn of_call(key: &Key, value: &TokenStream) -> Option<Fault> {
    let units = of(key.kind);
    let is_known = |name: &Ident| units.unwrap_or_default().iter().any(|(unit, ..)| name == unit);
    let (called, arguments) = plain_calls(value).into_iter().find(|(name, _)| !is_known(name))?;
    let name = called.to_string();
    let inside = arguments.stream();
    let with = |call: String| format!("write `{} = {}`", key.name, replaced(value, &called, &call));
    if let Some(fault) = of_another_kind(key, &called, &inside) {
        return Some(fault);
    }
    let units = units?;
    let fault = |what: &str, help: String| Some(Fault::at(&called, format!("{what} `{name}`")).note(note(key, units)).help(help));
    match (key.kind, name.as_str()) {
        (Kind::Seconds, "ms" | "millis" | "msecs" | "milliseconds" | "us" | "micros" | "nanos") => {
            fault("a time of whole seconds has no unit", with("secs(1)".to_owned()))
        }
        (Kind::Seconds, "h" | "hour" | "hours") => fault("there is no unit", with(format!("mins({inside} * 60)"))),
        (Kind::Seconds, "d" | "day" | "days") => fault("there is no unit", with(format!("mins({inside} * 24 * 60)"))),
        (Kind::Bytes, "b" | "bytes") => fault("there is no unit", with(inside.to_string())),
        (kind, name) => {
            unit_meant(name, kind == Kind::Seconds).and_then(|near| fault("there is no unit", with(format!("{near}({inside})"))))
        }
    }
}

/// `ring_memory = secs(64)`, `workers = kib(1)`.
fn of_another_kind(key: &Key, called: &Ident, inside: &TokenStream) -> Option<Fault> {
    let is_of = |units: &[Unit]| units.iter().any(|(unit, ..)| called == unit);
    let what = match (is_of(TIME_UNITS), is_of(SIZE_UNITS)) {
        (true, _) if key.kind != Kind::Seconds => "time",
        (_, true) if key.kind != Kind::Bytes => "size",
        _ => return None,
    };
    let write = match key.kind {
        Kind::Number => format!("{} = {inside}", key.name),
        _ => key.example.to_owned(),
    };
    Some(
        Fault::at(called, format!("`{called}` is a unit of {what}"))
            .note(format!("`{}` takes {}", key.name, key.kind.words()))
            .help(format!("write `{write}`")),
    )
}

fn note(key: &Key, units: &[Unit]) -> String {
    let counted = if key.kind == Kind::Seconds { "seconds" } else { "bytes" };
    format!("`{}` is a number of {counted}; the units are {}", key.name, listed(units.iter().map(|(unit, ..)| *unit)))
}

/// The value with another call in the place of this one.
fn replaced(value: &TokenStream, called: &Ident, by: &str) -> String {
    let mut is_behind = false;
    let tokens = value.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(ident) if ident == *called => {
            is_behind = true;
            by.parse::<TokenStream>().ok()
        }
        TokenTree::Group(_) if core::mem::take(&mut is_behind) => None,
        other => Some(other.into()),
    });
    as_written(&tokens.collect::<TokenStream>())
}

/// The calls of functions that are named without a path, at any depth.
pub(crate) fn plain_calls(value: &TokenStream) -> Vec<(Ident, Group)> {
    let mut calls = Vec::new();
    let mut name = None;
    // Behind a path, behind a dot, and where a function is declared, it is another's name.
    let mut in_a_path = false;
    for token in value.clone() {
        match token {
            TokenTree::Ident(word) if word == "fn" => {
                name = None;
                in_a_path = true;
            }
            TokenTree::Ident(ident) if !in_a_path => name = Some(ident.unraw()),
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
