//! How a stream is cut into packages.
//!
//! - A frame is `eof_check("…")`, `eof_split("…")`, `length(type, …)`, or the name of a function (C6).
//! - A listener has one (C10).
//! - What has no frame has no longest package (C10).
//! - The mark at the end of a package has 1 to 8 bytes, and what a length field counts does not begin within the field (C9).

use super::{
    Found,
    keys::{Keys, PlannedSetting, PlannedValue},
    values::{Known, known},
};
use crate::diagnostics::{Fault, as_written, listed};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use swoole_vocabulary::{Feature, nearest};
use syn::{Expr, ExprCall, ExprLit, Lit};

const KINDS: [&str; 3] = ["eof_check", "eof_split", "length"];

/// Types of a length field, with their sizes in bytes.
const FIELDS: &[(&str, i128)] = &[
    ("u8", 1),
    ("i8", 1),
    ("u16_be", 2),
    ("u16_le", 2),
    ("i16_be", 2),
    ("i16_le", 2),
    ("u32_be", 4),
    ("u32_le", 4),
    ("i32_be", 4),
    ("i32_le", 4),
    ("u64_be", 8),
    ("u64_le", 8),
    ("i64_be", 8),
    ("i64_le", 8),
];

/// A frame as it is compiled in.
pub(crate) enum Frame {
    /// By the name of its kind, and the mark.
    Mark(&'static str, Vec<u8>),
    /// The size of the field in bytes, whether it is signed, whether its least significant byte stands first; and where the field and what it
    /// counts begin.
    Length { width: usize, is_signed: bool, is_little: bool, offset: TokenStream, body: TokenStream },
    /// A function of the user's own; `true` for one of the block.
    Function(TokenStream, bool),
}

/// What is right of it.
pub(super) fn frame(setting: &PlannedSetting, is_method: impl Fn(&Ident) -> bool) -> Option<Frame> {
    let expression = syn::parse2::<Expr>(setting.expression()?.clone()).ok()?;
    if fault_of(&expression).is_some() {
        return None;
    }
    let Expr::Call(call) = expression else {
        let is_own = matches!(&expression, Expr::Path(path) if path.path.get_ident().is_some_and(is_method));
        return Some(Frame::Function(expression.to_token_stream(), is_own));
    };
    let Expr::Path(kind) = &*call.func else { return None };
    let mut arguments = call.args.iter();
    match kind.path.get_ident()?.to_string().as_str() {
        "length" => {
            let field = as_written(&arguments.next()?.to_token_stream());
            let (_, width) = FIELDS.iter().find(|(known, _)| *known == field)?;
            let part = |name: &str| {
                call.args.iter().find_map(|argument| match argument {
                    Expr::Assign(assign) if as_written(&assign.left.to_token_stream()) == name => Some(assign.right.to_token_stream()),
                    _ => None,
                })
            };
            let width = usize::try_from(*width).ok()?;
            let offset = part("offset").unwrap_or_else(|| quote!(0));
            // What the field counts begins behind it.
            let body = part("body").unwrap_or_else(|| quote!((#offset) + #width));
            Some(Frame::Length { width, is_signed: field.starts_with('i'), is_little: field.ends_with("_le"), offset, body })
        }
        kind => {
            let name = if kind == "eof_check" { "EofCheck" } else { "EofSplit" };
            let mark = match arguments.next()? {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value().into_bytes(),
                Expr::Lit(ExprLit { lit: Lit::ByteStr(bytes), .. }) => bytes.value(),
                _ => return None,
            };
            Some(Frame::Mark(name, mark))
        }
    }
}

/// A longest package where nothing is a package.
pub(super) fn check_length_without_frame(keys: &Keys, found: &mut Found) {
    let has_frame = |keys: &Keys| keys.is_there("frame") || keys.is_meant("frame");
    let any = has_frame(keys) || keys.listeners.iter().any(|listener| has_frame(&listener.keys));
    let of_listeners = keys.listeners.iter().map(|listener| (&listener.keys, has_frame(&listener.keys) || has_frame(keys)));
    for (keys, is_right) in core::iter::once((keys, any)).chain(of_listeners) {
        if let Some(setting) = keys.setting("package_max_length").filter(|_| !is_right) {
            found.push(
                Fault::at(&setting.name, "`package_max_length` without a `frame`")
                    .note("without one what comes in is no package: each read is given to `on_receive` as it is")
                    .help("add `frame = eof_split(\"\\r\\n\")`, or remove `package_max_length`"),
            );
        }
    }
}

pub(super) fn check(setting: &PlannedSetting, found: &mut Found) {
    let fault = match &setting.value {
        PlannedValue::Nothing => Some(no_frame(&setting.name)),
        PlannedValue::Parts(inside) => Some(no_frame(inside)),
        PlannedValue::Expression(value) => match syn::parse2::<Expr>(value.clone()) {
            Ok(expression) => fault_of(&expression),
            Err(_) => Some(no_frame(value)),
        },
    };
    if let Some(fault) = fault {
        found.push_of(Feature::Framing, fault);
    }
}

/// Whether an expression is the name of a function.
pub(super) fn is_function(expression: &Expr) -> bool {
    matches!(expression, Expr::Path(_) | Expr::Closure(_))
}

fn no_frame(at: &impl ToTokens) -> Fault {
    Fault::at(at, "this is no frame")
        .note(format!("a frame is one of {}, or the name of a function that finds the end of a package", listed(KINDS)))
        .help("write `frame = eof_split(\"\\r\\n\")`, or `frame = length(u32_be, offset = 0, body = 4)`")
}

fn fault_of(expression: &Expr) -> Option<Fault> {
    match expression {
        Expr::Array(_) | Expr::Tuple(_) | Expr::Binary(_) => Some(
            Fault::at(expression, "two frames exclude each other")
                .note("a stream is cut into packages in one way")
                .help("keep one of them: `frame = eof_split(\"\\r\\n\")`"),
        ),
        Expr::Call(call) => fault_of_call(call),
        function if is_function(function) => match function {
            Expr::Path(path) => path.path.get_ident().filter(|name| KINDS.iter().any(|kind| *name == kind)).map(without_arguments),
            _ => None,
        },
        other => Some(no_frame(other)),
    }
}

fn without_arguments(name: &Ident) -> Fault {
    let write = if name == "length" { "length(u32_be, offset = 0, body = 4)".to_owned() } else { format!("{name}(\"\\r\\n\")") };
    Fault::at(name, format!("`{name}` has no arguments")).note("it says where a package ends").help(format!("write `frame = {write}`"))
}

fn fault_of_call(call: &ExprCall) -> Option<Fault> {
    let Expr::Path(path) = &*call.func else { return Some(no_frame(call)) };
    let name = path.path.get_ident()?;
    match name.to_string().as_str() {
        "length" => fault_of_length(call, name),
        "eof_check" | "eof_split" => fault_of_mark(call, name),
        other => {
            let near = nearest(other, KINDS.iter().map(|kind| (*kind, [].as_slice())));
            let fault = Fault::at(name, format!("there is no frame `{other}`"));
            Some(match near {
                Some(near) => {
                    let arguments = call.args.to_token_stream();
                    fault.note(format!("there is a frame `{near}`")).help(format!("write `frame = {near}({})`", as_written(&arguments)))
                }
                None => fault.note(format!("the frames are {}", listed(KINDS))).help("write `frame = eof_split(\"\\r\\n\")`"),
            })
        }
    }
}

fn fault_of_mark(call: &ExprCall, name: &Ident) -> Option<Fault> {
    let help = format!("write `frame = {name}(\"\\r\\n\")`");
    let Some(mark) = call.args.first().filter(|_| call.args.len() == 1) else {
        return Some(without_arguments(name));
    };
    let length = match mark {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value().len(),
        Expr::Lit(ExprLit { lit: Lit::ByteStr(bytes), .. }) => bytes.value().len(),
        _ => {
            return Some(
                Fault::at(mark, format!("`{name}` takes a literal"))
                    .note("it decides how packages are found, before any value is known")
                    .help(help),
            );
        }
    };
    match length {
        0 => Some(Fault::at(mark, "the mark at the end of a package is empty").note("every byte would be such an end").help(help)),
        1..=8 => None,
        _ => Some(
            Fault::at(mark, format!("the mark at the end of a package has {length} bytes"))
                .note("it is looked for in all that comes in, so it has 8 bytes at most")
                .help(help),
        ),
    }
}

fn fault_of_length(call: &ExprCall, name: &Ident) -> Option<Fault> {
    let mut arguments = call.args.iter();
    let Some(field) = arguments.next() else { return Some(without_arguments(name)) };
    let written = as_written(&field.to_token_stream());
    let Some((_, size)) = FIELDS.iter().find(|(known, _)| *known == written) else {
        let near = nearest(&written, FIELDS.iter().map(|(known, _)| (*known, [].as_slice()))).unwrap_or("u32_be");
        return Some(
            Fault::at(field, format!("there is no length field `{written}`"))
                .note(format!("the fields are {}", listed(FIELDS.iter().map(|(known, _)| *known))))
                .help(format!("write `frame = length({near}, offset = 0, body = 4)`")),
        );
    };
    let (mut offset, mut body) = (0, None);
    for argument in arguments {
        let Expr::Assign(assign) = argument else { return Some(no_frame(argument)) };
        let part = as_written(&assign.left.to_token_stream());
        let value: TokenStream = assign.right.to_token_stream();
        let Known::Number(number) = known(&value, None) else { return None };
        if number < 0 {
            return Some(
                Fault::at(&value, format!("`{part}` is a number of bytes, at least 0"))
                    .note("it counts from where the package begins")
                    .help(format!("write `frame = length({written}, offset = 0, body = {size})`")),
            );
        }
        match part.as_str() {
            "offset" => offset = number,
            "body" => body = Some((number, value)),
            _ => {
                return Some(
                    Fault::at(&assign.left, format!("`length` has no part `{part}`"))
                        .note("`offset` is where the length field begins, `body` where what it counts does")
                        .help(format!("write `frame = length({written}, offset = 0, body = {size})`")),
                );
            }
        }
    }
    let over = size.saturating_add(offset);
    let (body, at) = body?;
    // One that counts from before itself counts itself, too.
    (body > offset && body < over).then(|| {
        Fault::at(&at, format!("the body begins at byte {body}, before the length field is over"))
            .note(format!("a field of {size} bytes that begins at byte {offset} is over at byte {over}"))
            .help(format!("write `body = {over}`, or more, or `body = 0` where the field counts itself and what is before it, too"))
    })
}
