//! Values that are known before the compiler sees them.
//!
//! - A literal is of its key's kind, and in its range; so is a unit of one (C9).
//! - A comma stands between a value and the next key (C6).
//!
//! Any other expression is for the compiler to compute and to check.

use super::{Found, Setting, structure, units};
use crate::diagnostics::{Fault, as_written};
use proc_macro2::{Ident, TokenStream, TokenTree};
use swoole_vocabulary::{Key, Kind, Unit, Value, key};
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
    let known = known(&value, units::of(key.kind));
    let fault = match &known {
        Known::Unknown if syn::parse2::<Expr>(value.clone()).is_err() => Some(unreadable(key, &value)),
        Known::Unknown if let Some(word) = self_in(&value) => Some(
            Fault::at(&word, "`Self` is nothing in the attribute")
                .note("the attribute stands outside of the block, so a constant of it is named by its type")
                .help(format!("write `{} = {}`, with your type for `Echo`", key.name, as_written(&value).replace("Self", "Echo"))),
        ),
        Known::Unknown => units::fault(key, &value).or_else(|| unquoted(key, &value)),
        Known::Text(text) if key.kind == Kind::Text => {
            // What is wrong with those is said where they are looked at.
            if key.name == "listen" && structure::path_before_port(text).is_some() {
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
    match (known(value, units::of(key.kind)), key.kind) {
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
        Expr::Array(_) | Expr::Repeat(_) => Known::Other("a list"),
        Expr::Range(_) => Known::Other("a range"),
        Expr::Tuple(_) => Known::Other("several values"),
        Expr::Call(call) if is_some(&call.func) => Known::Other("an option"),
        Expr::Path(path) if path.path.is_ident("None") => Known::Other("an option"),
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

/// Whether this is the `Some` of the prelude.
fn is_some(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.is_ident("Some"))
}

fn known_literal(literal: &Lit) -> Known {
    match literal {
        Lit::Str(text) => Known::Text(text.value()),
        // One with a suffix has a type, which the compiler compares.
        Lit::Int(number) if number.suffix().is_empty() => number.base10_parse().map_or(Known::Unknown, Known::Number),
        Lit::Bool(switch) => Known::Switch(switch.value),
        Lit::Float(number) if number.suffix().is_empty() => Known::Other("a fraction"),
        Lit::ByteStr(_) => Known::Other("a text of bytes"),
        Lit::Char(_) => Known::Other("a character"),
        _ => Known::Unknown,
    }
}

fn out_of_range(key: &Key, known: Value<'_>, value: &TokenStream) -> Option<Fault> {
    (key.fault)(known).map(|fault| Fault::at(value, fault.full))
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
        (kind, _) => units::typed(kind, text).map_or_else(|| key.example.to_owned(), |value| format!("{} = {value}", key.name)),
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

/// `listen = 127.0.0.1:9501`: the compiler could not read it either.
fn unreadable(key: &Key, value: &TokenStream) -> Fault {
    let quoted = as_written(value).replace(' ', "");
    let quoted = if key.name == "listen" && !quoted.contains("://") { format!("tcp://{quoted}") } else { quoted };
    let is_a_value = key.kind == Kind::Text && (key.fault)(Value::Text(&quoted)).is_none();
    let write = if is_a_value { format!("{} = \"{quoted}\"", key.name) } else { key.example.to_owned() };
    Fault::at(value, format!("`{}` takes {}", key.name, key.kind.words()))
        .note("what stands here is no expression")
        .help(format!("write `{write}`"))
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

fn self_in(value: &TokenStream) -> Option<Ident> {
    value.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) if word == "Self" => Some(word),
        TokenTree::Group(group) => self_in(&group.stream()),
        _ => None,
    })
}

/// What stands in quotes, if this does.
pub(super) fn text_in_quotes(value: &TokenStream) -> Option<String> {
    match known(value, None) {
        Known::Text(text) => Some(text),
        _ => None,
    }
}

/// `workers = 4 backlog = 512`: the second key is taken for a part of the first one's value.
pub(super) fn fault_of_comma(name: &str, value: &TokenStream) -> Option<Fault> {
    if syn::parse2::<Expr>(value.clone()).is_ok() {
        return None;
    }
    let tokens: Vec<TokenTree> = value.clone().into_iter().collect();
    let is_punct = |token: &TokenTree, letter| matches!(token, TokenTree::Punct(punct) if punct.as_char() == letter);
    let is_a_key = |three: &[TokenTree]| match three {
        [TokenTree::Ident(_), equals, after] => is_punct(equals, '=') && !is_punct(after, '=') && !is_punct(after, '>'),
        _ => false,
    };
    if let [before @ .., end] = tokens.as_slice()
        && is_punct(end, ';')
    {
        let before: TokenStream = before.iter().cloned().collect();
        let fault = Fault::at(end, "keys are separated by commas")
            .note("the attribute takes keys and their values, with a comma between two of them");
        return Some(fault.help(format!("write `{name} = {}`", as_written(&before))));
    }
    let at = tokens.windows(3).skip(1).position(is_a_key)?.checked_add(1)?;
    let (before, after) = tokens.split_at_checked(at)?;
    let before: TokenStream = before.iter().filter(|token| !is_punct(token, ';')).cloned().collect();
    let next = after.first()?;
    let after: TokenStream = after.iter().cloned().collect();
    Some(
        Fault::at(next, format!("a comma is missing before `{next}`"))
            .note("the attribute takes keys and their values, with a comma between two of them")
            .help(format!("write `{name} = {}, {}`", as_written(&before), as_written(&after))),
    )
}
