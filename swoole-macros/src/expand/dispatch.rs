//! The dispatch table: a field for each callback that is there, under the `cfg` of its method.

use super::{lifetimes, row};
use crate::check::{Method, Row, Server, Written};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use swoole_vocabulary::Returns;

pub(super) fn dispatch(server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let fields = server.rows.iter().map(|row| fields(row, server));
    let is_always_there = |row: &Row| matches!(&row.method, Written::Present(methods) if methods.iter().all(|method| method.cfg.is_none()));
    let others = (!server.rows.iter().all(is_always_there)).then(|| quote!(..#swoole::__rt::no_callbacks()));
    quote!(#swoole::__rt::Dispatch { #(#fields)* #others })
}

fn fields(row: &Row, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let name = Ident::new(row.callback.name, Span::call_site());
    let is_optional = row.callback.returns == Returns::Outcome;
    match &row.method {
        Written::Absent | Written::Unusable if is_optional => TokenStream::new(),
        Written::Absent => {
            let absent = first_state(server);
            quote!(#name: #absent,)
        }
        Written::Unusable => quote!(#name: #swoole::__rt::no_state::<Self>,),
        Written::Present(methods) => {
            let calls = methods.iter().map(|Method { cfg, signature }| {
                let call = row::call(row.callback, signature, server);
                let cfg = cfg.as_ref().map(|cfg| quote!(#[cfg(#cfg)]));
                if is_optional { quote!(#cfg #name: ::core::option::Option::Some(#call),) } else { quote!(#cfg #name: #call,) }
            });
            let conditions: Vec<_> = methods.iter().filter_map(|method| method.cfg.as_ref()).collect();
            let otherwise = (!conditions.is_empty() && !is_optional).then(|| {
                let absent = first_state(server);
                quote!(#[cfg(not(any(#(#conditions),*)))] #name: #absent,)
            });
            quote!(#(#calls)* #otherwise)
        }
    }
}

/// `Default`, which is asked for at the name of the type.
fn first_state(server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let self_ty = lifetimes::for_ever(server.self_ty.to_token_stream());
    quote!(<#self_ty as #swoole::__rt::InitialState>::initial_state)
}
