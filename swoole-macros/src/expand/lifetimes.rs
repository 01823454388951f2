//! Lifetimes that have no meaning where the expansion repeats a type of the user.

use crate::check::Server;
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericParam, Generics, Lifetime};

/// These tokens with `'static` for every lifetime: the state of a worker lives as long as its process.
pub(super) fn for_ever(tokens: TokenStream) -> TokenStream {
    let bound = bound_by_for(tokens.clone());
    replaced(tokens, &|name| (!bound.contains(&name.to_string())).then_some("static"))
}

/// The type of a parameter, or of a result, as it can be written in the table: `'_` for what lifetimes its function has, or should have.
pub(super) fn elided(tokens: TokenStream, server: &Server) -> TokenStream {
    let of_block = names(&server.generics);
    let bound = bound_by_for(tokens.clone());
    replaced(tokens, &|name| match name.to_string() {
        name if of_block.contains(&name) => Some("static"),
        name if name == "static" || bound.contains(&name) => None,
        _ => Some("_"),
    })
}

/// The type of what was written into shared memory, with this for every lifetime that it has or should have: how long what it borrows is
/// there.
pub(super) fn lent_for(lifetime: &'static str, tokens: TokenStream) -> TokenStream {
    let bound = bound_by_for(tokens.clone());
    let named = replaced(tokens, &|name| match name.to_string() {
        name if name == "static" || bound.contains(&name) => None,
        _ => Some(lifetime),
    });
    with_references(lifetime, named)
}

/// `&[u8]` as `&'job [u8]`.
fn with_references(lifetime: &'static str, tokens: TokenStream) -> TokenStream {
    let mut with = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_reference = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '&');
        let at = token.span();
        with.extend([match token {
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), with_references(lifetime, group.stream()));
                inside.set_span(group.span());
                inside.into()
            }
            other => other,
        }]);
        let has_a_name = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '\'');
        if is_reference && !has_a_name {
            Lifetime::new(&format!("'{lifetime}"), at).to_tokens(&mut with);
        }
    }
    with
}

/// The lifetimes that a `for<'a>` in these tokens declares.
fn bound_by_for(tokens: TokenStream) -> Vec<String> {
    let mut bound = Vec::new();
    let (mut is_behind_for, mut is_inside, mut after_apostrophe) = (false, false, false);
    for token in tokens {
        match &token {
            TokenTree::Group(group) => bound.extend(bound_by_for(group.stream())),
            TokenTree::Ident(name) if is_inside && after_apostrophe => bound.push(name.to_string()),
            TokenTree::Punct(punct) if is_behind_for && punct.as_char() == '<' => is_inside = true,
            TokenTree::Punct(punct) if punct.as_char() == '>' => is_inside = false,
            _ => {}
        }
        is_behind_for = matches!(&token, TokenTree::Ident(word) if word == "for");
        after_apostrophe = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
    }
    bound
}

fn names(generics: &Generics) -> Vec<String> {
    let lifetimes = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => Some(parameter.lifetime.ident.to_string()),
        GenericParam::Type(_) | GenericParam::Const(_) => None,
    });
    lifetimes.collect()
}

/// A lifetime is an apostrophe and a name; every other token stays itself, with its place.
fn replaced(tokens: TokenStream, by: &dyn Fn(&Ident) -> Option<&'static str>) -> TokenStream {
    let mut after_apostrophe = false;
    let replace = |token| {
        let is_name = core::mem::take(&mut after_apostrophe);
        match token {
            TokenTree::Ident(ident) if is_name => match by(&ident) {
                Some(other) => Ident::new(other, ident.span()).into(),
                None => ident.into(),
            },
            TokenTree::Punct(punct) => {
                after_apostrophe = punct.as_char() == '\'';
                punct.into()
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), replaced(group.stream(), by));
                inside.set_span(group.span());
                inside.into()
            }
            other => other,
        }
    };
    tokens.into_iter().map(replace).collect::<TokenStream>()
}
