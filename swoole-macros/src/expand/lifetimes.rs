//! Lifetimes that have no meaning where the expansion repeats a type of the user.

use crate::check::Server;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use syn::{GenericParam, Generics};

/// These tokens with `'static` for what lifetimes the block has: the state of a worker lives as long as its process.
pub(super) fn for_ever(tokens: TokenStream, server: &Server) -> TokenStream {
    let mut names = names(&server.generics);
    names.push("_".to_owned());
    replaced(tokens, &names, "static")
}

/// The type of a parameter, or of a result, as it can be written in the table: `'_` for what lifetimes its function has.
pub(super) fn elided(tokens: TokenStream, function: &Generics, server: &Server) -> TokenStream {
    replaced(replaced(tokens, &names(function), "_"), &names(&server.generics), "static")
}

fn names(generics: &Generics) -> Vec<String> {
    let lifetimes = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => Some(parameter.lifetime.ident.to_string()),
        GenericParam::Type(_) | GenericParam::Const(_) => None,
    });
    lifetimes.collect()
}

/// A lifetime is an apostrophe and a name; every other token stays itself, with its place.
fn replaced(tokens: TokenStream, names: &[String], by: &str) -> TokenStream {
    if names.is_empty() {
        return tokens;
    }
    let mut after_apostrophe = false;
    let replace = |token| {
        let is_name = core::mem::take(&mut after_apostrophe);
        match token {
            TokenTree::Ident(ident) if is_name && names.iter().any(|name| ident == name) => Ident::new(by, ident.span()).into(),
            TokenTree::Punct(punct) => {
                after_apostrophe = punct.as_char() == '\'';
                punct.into()
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), replaced(group.stream(), names, by));
                inside.set_span(group.span());
                inside.into()
            }
            other => other,
        }
    };
    tokens.into_iter().map(replace).collect::<TokenStream>()
}
