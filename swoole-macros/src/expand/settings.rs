//! The settings as statements, one for each key, and the checks of their values.
//!
//! A statement has the user's own tokens for key and value, so completion, documentation and errors of type come from the setter. The
//! checks are items of their own, outside of the impl: the compiler looks at those even where nothing uses them. They read what was
//! set, so that the user's expression is there once.

use crate::{
    check::{Server, Setting, plain_calls},
    vocabulary::{UNITS, Value},
};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

pub(super) fn settings(server: &Server) -> TokenStream {
    // A name of the macro's own, which the user's expressions cannot see.
    let settings = Ident::new("settings", Span::mixed_site());
    let statements = server.settings.iter().map(|setting| statement(&settings, setting));
    let checks = server.settings.iter().map(check);
    quote! {
        const SETTINGS_OF_THIS_SERVER: ::swoole::Settings = {
            #[allow(unused_mut)]
            let mut #settings = ::swoole::Settings::new();
            #(#statements)*
            #settings
        };
        #(#checks)*
    }
}

fn statement(settings: &Ident, Setting { key, name, value }: &Setting) -> TokenStream {
    if key.value != Value::Time {
        return quote!(#settings.#name(#value););
    }
    // The user's own word names what is imported: it is seen where he wrote it and nowhere else.
    let mut imported = Vec::new();
    let units = plain_calls(value).into_iter().map(|(unit, _)| unit).filter(|unit| {
        let is_new = UNITS.iter().any(|(name, _)| unit == name) && !imported.contains(&unit.to_string());
        imported.push(unit.to_string());
        is_new
    });
    let imports: Vec<_> = units.map(|unit| quote!(use ::swoole::__rt::#unit;)).collect();
    if imports.is_empty() { quote!(#settings.#name(#value);) } else { quote!(#settings.#name({ #(#imports)* #value });) }
}

fn check(Setting { key, value, .. }: &Setting) -> TokenStream {
    let mut spans = value.clone().into_iter().map(|token| token.span());
    let from = spans.next().unwrap_or_else(Span::call_site);
    let to = spans.last().unwrap_or(from);
    let name = Ident::new(key.name, from);
    // The call is underlined from its first token to its last.
    let mut arguments = Group::new(Delimiter::Parenthesis, quote_spanned!(from=> &SETTINGS_OF_THIS_SERVER));
    arguments.set_span(to);
    let arguments = TokenTree::Group(arguments);
    let call = quote_spanned!(from=> ::swoole::__rt::check::#name #arguments);
    quote!(const _: () = #call;)
}
