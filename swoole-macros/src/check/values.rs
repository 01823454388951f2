//! Values that are known before the compiler sees them.
//!
//! - A literal is of its key's kind, and in its range; so is a unit of one.
//! - A function in a time or a size, if it looks like a unit, is one.
//!
//! Any other expression is for the compiler to compute and to check.

use super::{Found, Setting, structure};
use crate::diagnostics::{Fault, as_written, listed};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use swoole_vocabulary::{Key, Kind, SIZE_UNITS, TIME_UNITS, Unit, Value, key, unit_meant};
use syn::{Expr, ExprLit, Lit, UnOp};

/// A value as far as it can be known here.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Known {
    Text(String),
    Number(i128),
    Switch(bool),
    /// A float, a byte string, a character: of no key's kind.
    Other(&'static str),
    /// An expression that the compiler has to compute.
    Unknown,
}

/// The setting, or its name where it has a fault.
pub(super) fn setting(key: &'static Key, name: Ident, value: TokenStream, found: &mut Found) -> Result<Setting, Ident> {
    let units = units_of(key.kind);
    let known = known(&value, units);
    let fault = match &known {
        Known::Unknown => units.and_then(|units| fault_of_unit(key, units, &value)).or_else(|| unquoted(key, &value)),
        Known::Text(text) if key.kind == Kind::Text => {
            if key.name == "listen" && structure::kind_of(text).is_planned() {
                None
            } else {
                out_of_range(key, Value::Text(text), &value)
            }
        }
        Known::Number(number) if matches!(key.kind, Kind::Number | Kind::Seconds | Kind::Bytes) => {
            out_of_range(key, Value::Number(*number), &value)
        }
        Known::Switch(_) if key.kind == Kind::Switch => None,
        Known::Text(text) => Some(of_another_kind(key, "a text", text, &value)),
        Known::Number(number) => Some(of_another_kind(key, "a number", &number.to_string(), &value)),
        Known::Switch(_) => Some(of_another_kind(key, "true or false", "", &value)),
        Known::Other(what) => Some(of_another_kind(key, what, "", &value)),
    };
    match fault {
        None => Ok(Setting { key, name, value, is_known: known != Known::Unknown }),
        Some(fault) => {
            found.push(fault);
            Err(name)
        }
    }
}

/// Whether the key of this name could take the value.
pub(super) fn fits(name: &str, value: &TokenStream) -> bool {
    let Some(key) = key(name) else { return false };
    match (known(value, units_of(key.kind)), key.kind) {
        (Known::Unknown, kind) => kind != Kind::Text,
        (Known::Text(text), Kind::Text) => (key.fault)(Value::Text(&text)).is_none(),
        (Known::Number(number), Kind::Number | Kind::Seconds | Kind::Bytes) => (key.fault)(Value::Number(number)).is_none(),
        (Known::Switch(_), Kind::Switch) => true,
        _ => false,
    }
}

/// What a value is, if that can be seen.
pub(super) fn known(value: &TokenStream, units: Option<&[Unit]>) -> Known {
    syn::parse2(value.clone()).map_or(Known::Unknown, |expression| known_expression(&expression, units))
}

fn known_expression(expression: &Expr, units: Option<&[Unit]>) -> Known {
    match expression {
        Expr::Lit(ExprLit { lit, .. }) => known_literal(lit),
        Expr::Group(group) => known_expression(&group.expr, units),
        Expr::Paren(paren) => known_expression(&paren.expr, units),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match known_expression(&unary.expr, None) {
            Known::Number(number) => number.checked_neg().map_or(Known::Unknown, Known::Number),
            _ => Known::Unknown,
        },
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else { return Known::Unknown };
            let unit = units.unwrap_or_default().iter().find(|(name, ..)| path.path.is_ident(name));
            let argument = call.args.first().filter(|_| call.args.len() == 1).map(|argument| known_expression(argument, None));
            match (unit, argument) {
                (Some((_, times, _)), Some(Known::Number(number))) => {
                    let of_one = i128::from(times(1));
                    number.checked_mul(of_one).map_or(Known::Unknown, Known::Number)
                }
                _ => Known::Unknown,
            }
        }
        _ => Known::Unknown,
    }
}

fn known_literal(literal: &Lit) -> Known {
    match literal {
        Lit::Str(text) => Known::Text(text.value()),
        // One with a suffix has a type, which the compiler compares.
        Lit::Int(number) if number.suffix().is_empty() => number.base10_parse().map_or(Known::Unknown, Known::Number),
        Lit::Bool(switch) => Known::Switch(switch.value),
        Lit::Float(_) => Known::Other("a fraction"),
        Lit::ByteStr(_) => Known::Other("a text of bytes"),
        Lit::Char(_) => Known::Other("a character"),
        _ => Known::Unknown,
    }
}

fn units_of(kind: Kind) -> Option<&'static [Unit]> {
    match kind {
        Kind::Seconds => Some(TIME_UNITS),
        Kind::Bytes => Some(SIZE_UNITS),
        Kind::Text | Kind::Number | Kind::Switch => None,
    }
}

fn out_of_range(key: &Key, known: Value<'_>, value: &TokenStream) -> Option<Fault> {
    (key.fault)(known).map(|fault| Fault::written(value, fault.full))
}

fn of_another_kind(key: &Key, what: &str, text: &str, value: &TokenStream) -> Fault {
    let inside: Option<TokenStream> = text.parse().ok().filter(|inside: &TokenStream| !inside.is_empty());
    let write = match (key.kind, inside) {
        (Kind::Switch, _) if text == "1" => format!("{} = true", key.name),
        (Kind::Switch, _) if text == "0" => format!("{} = false", key.name),
        // What was put into quotes may be just what the key takes.
        (kind, Some(inside))
            if kind != Kind::Text && what == "a text" && known(&inside, None) != Known::Unknown && fits(key.name, &inside) =>
        {
            format!("{} = {}", key.name, as_written(&inside))
        }
        _ => key.example.to_owned(),
    };
    Fault::at(value, format!("`{}` takes {}, not {what}", key.name, key.kind.words()))
        .note(format!("`{}`: {}", key.name, first_sentence(key)))
        .help(format!("write `{write}`"))
}

fn first_sentence(key: &Key) -> String {
    let doc = key.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    let end = doc.find(". ").unwrap_or(doc.len());
    let sentence = doc.get(..end).unwrap_or(&doc).trim_end_matches('.');
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// `log_level = info`: a word without the quotes that would make it a value.
fn unquoted(key: &Key, value: &TokenStream) -> Option<Fault> {
    let word = syn::parse2::<Ident>(value.clone()).ok().filter(|_| key.kind == Kind::Text)?.to_string();
    let is_a_value = (key.fault)(Value::Text(&word)).is_none();
    is_a_value.then(|| {
        Fault::at(value, format!("`{}` takes a text in quotes", key.name))
            .note("a word without quotes is the name of a constant")
            .help(format!("write `{} = \"{word}\"`", key.name))
    })
}

fn fault_of_unit(key: &Key, units: &[Unit], value: &TokenStream) -> Option<Fault> {
    let is_time = key.kind == Kind::Seconds;
    let (called, arguments) = plain_calls(value).into_iter().find(|(name, _)| !units.iter().any(|(unit, ..)| name == unit))?;
    let name = called.to_string();
    let fault = |what: &str, write: String| {
        let counted = if is_time { "seconds" } else { "bytes" };
        Fault::at(&called, format!("{what} `{name}`"))
            .note(format!("`{}` is a number of {counted}; the units are {}", key.name, listed(units.iter().map(|(unit, ..)| *unit))))
            .help(format!("write `{} = {write}`", key.name))
    };
    let inside = arguments.stream();
    match name.as_str() {
        "ms" | "millis" | "msecs" | "milliseconds" | "us" | "micros" | "nanos" if is_time => {
            Some(fault("a time of whole seconds has no unit", "secs(1)".to_owned()))
        }
        "h" | "hour" | "hours" if is_time => Some(fault("there is no unit", format!("mins({inside} * 60)"))),
        "d" | "day" | "days" if is_time => Some(fault("there is no unit", format!("mins({inside} * 24 * 60)"))),
        "b" | "bytes" if !is_time => Some(fault("there is no unit", inside.to_string())),
        _ => unit_meant(&name, is_time).map(|near| fault("there is no unit", format!("{near}({inside})"))),
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
