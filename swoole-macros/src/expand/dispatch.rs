//! The dispatch table: a field for each callback, under the `cfg` of its method.

use super::{lifetimes, row};
use crate::{
    check::{Method, Row, Server, Written},
    vocabulary::Returns,
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

pub(super) fn dispatch(server: &Server) -> TokenStream {
    let fields = server.rows.iter().map(|row| fields(row, server));
    quote!(::swoole::__rt::Dispatch { #(#fields)* })
}

fn fields(row: &Row, server: &Server) -> TokenStream {
    let name = Ident::new(row.callback.name, Span::call_site());
    let is_optional = row.callback.returns == Returns::Outcome;
    let absent = if is_optional { quote!(::core::option::Option::None) } else { first_state(server) };
    match &row.method {
        Written::Absent => quote!(#name: #absent,),
        Written::Unusable if is_optional => quote!(#name: #absent,),
        Written::Unusable => quote!(#name: ::swoole::__rt::no_state::<Self>,),
        Written::Present(methods) => {
            let calls = methods.iter().map(|Method { cfg, signature }| {
                let call = row::call(row.callback, signature, server);
                let cfg = cfg.as_ref().map(|cfg| quote!(#[cfg(#cfg)]));
                if is_optional { quote!(#cfg #name: ::core::option::Option::Some(#call),) } else { quote!(#cfg #name: #call,) }
            });
            let conditions: Vec<_> = methods.iter().filter_map(|method| method.cfg.as_ref()).collect();
            let otherwise = (!conditions.is_empty()).then(|| quote!(#[cfg(not(any(#(#conditions),*)))] #name: #absent,));
            quote!(#(#calls)* #otherwise)
        }
    }
}

/// `Default`, which is asked for at the name of the type.
fn first_state(server: &Server) -> TokenStream {
    let self_ty = lifetimes::for_ever(server.self_ty.to_token_stream(), server);
    quote!(<#self_ty as ::swoole::__rt::InitialState>::initial_state)
}
