//! The types of a callback's parameters, and which of them is the user's own. Used by `expand`, and for the lines to write.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{FnArg, Signature, Type};

/// The types of the parameters behind `&mut self`.
pub(crate) fn parameter_types(signature: &Signature) -> impl Iterator<Item = &Type> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(&*parameter.ty),
        FnArg::Receiver(_) => None,
    })
}

/// The type of a job among those of the parameters: what is called `Task`.
pub(crate) fn task_among<'a>(types: &[&'a Type]) -> Option<&'a Type> {
    types.iter().copied().find(|ty| word(ty.to_token_stream()) == "Task")
}

/// The type of a message among those of the parameters: the one that is no other's, or the last where that does not say which.
pub(crate) fn message_among<'a>(types: &[&'a Type]) -> Option<&'a Type> {
    let is_of_another = |ty: &&Type| matches!(word(ty.to_token_stream()).as_str(), "Worker" | "WorkerId");
    let mut left = types.iter().copied().filter(|ty| !is_of_another(ty));
    match (left.next(), left.next()) {
        (Some(only), None) => Some(only),
        _ => types.last().copied(),
    }
}

/// What a type is called: its last word before any arguments, or what stands between brackets.
pub(crate) fn word(ty: TokenStream) -> String {
    let mut word = String::new();
    for token in ty {
        match token {
            TokenTree::Ident(ident) if ident != "mut" => word = ident.to_string(),
            TokenTree::Group(group) => word = group.to_string(),
            TokenTree::Punct(punct) if punct.as_char() == '<' => break,
            _ => {}
        }
    }
    word
}

/// Whether a type, or a part of it, is one that has no name.
pub(crate) fn says_impl(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => says_impl(group.stream()),
        _ => false,
    })
}
