//! Which worker gets what a session sends: a value, where the attribute has a `dispatch`.

use crate::check::{Dispatching, Server};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

pub(super) fn dispatching(server: &Server) -> TokenStream {
    let Some((dispatching, is_of_block)) = &server.dispatching else { return TokenStream::new() };
    let (swoole, has_events) = (&server.swoole, server.has_events);
    let (mode, function) = match dispatching {
        Dispatching::Mode(name) => (format_ident!("{}", in_camel_case(name)), quote!(::core::option::Option::None)),
        Dispatching::Function(function) => {
            let function = if *is_of_block { quote!(Self::#function) } else { function.clone() };
            // What is wrong with its type is said where its name stands.
            let call = quote_spanned!(function.span()=> #function);
            let value = quote!(::core::option::Option::Some({
                let dispatch: fn(&#swoole::SessionInfo, &[u8]) -> #swoole::Dispatch = #call;
                dispatch
            }));
            (format_ident!("Function"), value)
        }
    };
    quote!(const DISPATCHING: #swoole::__rt::Dispatching = #swoole::__rt::Dispatching {
        mode: #swoole::__rt::Mode::#mode,
        function: #function,
        has_events: #has_events,
    };)
}

/// `round_robin` is `RoundRobin` there.
fn in_camel_case(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters)
        })
        .collect()
}
