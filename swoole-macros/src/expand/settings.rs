//! The settings as statements, one for each key, and the checks of values that the compiler has to compute.
//!
//! A statement has the user's own tokens for key and value, so completion, documentation and errors of type come from the setter. The
//! checks are items of their own, outside of the impl: the compiler looks at those even where nothing uses them. They read what was
//! set, so that the user's expression is there once.

use crate::check::{Listener, Server, Setting, plain_calls};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use swoole_vocabulary::{Kind, SIZE_UNITS, TIME_UNITS};

pub(super) fn settings(server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    // A name of the macro's own, which the user's expressions cannot see.
    let settings = Ident::new("settings_so_far", Span::mixed_site());
    let value = |all: &[Setting]| {
        let statements = all.iter().map(|setting| statement(&settings, setting, swoole));
        if all.is_empty() {
            quote!(#swoole::Settings::new())
        } else {
            quote!({
                let mut #settings = #swoole::Settings::new();
                #(#statements)*
                #settings
            })
        }
    };
    let whole = value(&server.settings);
    let checks_of_server = checks(&server.settings, &quote!(&SETTINGS_OF_THIS_SERVER), swoole);
    let listeners = (!server.listeners.is_empty()).then(|| {
        let listeners = server.listeners.iter().map(|Listener { name, settings, .. }| {
            let own = value(settings);
            quote!(#swoole::__rt::Listener { name: #name, settings: #own })
        });
        let checks = server.listeners.iter().enumerate().flat_map(|(at, listener)| {
            let at = proc_macro2::Literal::usize_unsuffixed(at);
            checks(&listener.settings, &quote!(&LISTENERS_OF_THIS_SERVER[#at].settings), swoole)
        });
        quote! {
            const LISTENERS_OF_THIS_SERVER: &[#swoole::__rt::Listener] = &[#(#listeners),*];
            #(#checks)*
        }
    });
    quote! {
        const SETTINGS_OF_THIS_SERVER: #swoole::Settings = #whole;
        #(#checks_of_server)*
        #listeners
    }
}

fn checks(settings: &[Setting], of: &TokenStream, swoole: &TokenStream) -> Vec<TokenStream> {
    settings.iter().filter(|setting| !setting.is_known).map(|setting| check(setting, of, swoole)).collect()
}

/// Names that are no keys yet, where an editor looks for what they may become; the compiler does not see them.
pub(super) fn half_typed(server: &Server) -> TokenStream {
    if server.half_typed.is_empty() {
        return TokenStream::new();
    }
    let swoole = &server.swoole;
    let settings = Ident::new("settings_so_far", Span::mixed_site());
    let names = &server.half_typed;
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            {
                let mut #settings = #swoole::Settings::new();
                #(#settings.#names();)*
            }
        };
    }
}

/// The same tokens, as if the user had written them there.
pub(super) fn located(tokens: &TokenStream, at: Span) -> TokenStream {
    let locate = |mut token: TokenTree| {
        token.set_span(at);
        token
    };
    tokens.clone().into_iter().map(locate).collect()
}

fn statement(settings: &Ident, Setting { key, name, value, .. }: &Setting, swoole: &TokenStream) -> TokenStream {
    let known = match key.kind {
        Kind::Seconds => TIME_UNITS,
        Kind::Bytes => SIZE_UNITS,
        Kind::Text | Kind::Number | Kind::Switch => return quote!(#settings.#name(#value);),
        Kind::Periods => return quote!(#settings.#name(&#value);),
    };
    // The user's own word names what is imported: it is seen where he wrote it and nowhere else.
    let mut imported = Vec::new();
    let units = plain_calls(value).into_iter().map(|(unit, _)| unit).filter(|unit| {
        let is_new = known.iter().any(|(name, ..)| unit == name) && !imported.contains(&unit.to_string());
        imported.push(unit.to_string());
        is_new
    });
    let imports: Vec<_> = units.map(|unit| quote!(use #swoole::__rt::#unit;)).collect();
    if imports.is_empty() { quote!(#settings.#name(#value);) } else { quote!(#settings.#name({ #(#imports)* #value });) }
}

fn check(Setting { key, value, .. }: &Setting, of: &TokenStream, swoole: &TokenStream) -> TokenStream {
    let mut spans = value.clone().into_iter().map(|token| token.span());
    let from = spans.next().unwrap_or_else(Span::call_site);
    let to = spans.last().unwrap_or(from);
    let name = Ident::new(key.name, from);
    // The call is underlined from its first token to its last.
    let mut arguments = Group::new(Delimiter::Parenthesis, located(of, from));
    arguments.set_span(to);
    let arguments = TokenTree::Group(arguments);
    let swoole = located(swoole, from);
    let call = quote_spanned!(from=> #swoole::__rt::check::#name #arguments);
    quote!(const _: () = #call;)
}
