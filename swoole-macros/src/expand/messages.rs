//! What `send_message` needs to know of `on_pipe_message`: which type a message has.

use super::{entry::Home, lifetimes};
use crate::{
    check::{Method, Server, Written},
    read::{message_among, parameter_types},
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Type;

pub(super) fn messages(server: &Server, Home { parameters, self_ty, bounds }: &Home) -> TokenStream {
    let swoole = &server.swoole;
    let on_pipe_message = server.rows.iter().find(|row| row.callback.name == "on_pipe_message");
    let types: Vec<(Option<&TokenStream>, TokenStream)> = match on_pipe_message.map(|row| &row.method) {
        Some(Written::Present(methods)) => methods.iter().map(|method| (method.cfg.as_ref(), message(method))).collect(),
        // Something is wrong with it, which has been said: whatever is sent is right.
        Some(Written::Unusable) if server.is_a_block => vec![(None, quote!(#swoole::__rt::AnyJob))],
        _ => return TokenStream::new(),
    };
    let implementations = types.iter().map(|(condition, message)| {
        let condition = condition.map(|condition| quote!(#[cfg(#condition)]));
        quote! {
            #condition
            impl #parameters #swoole::__rt::TakesMessages for #self_ty #bounds {
                type Message<'message> = #message;
            }
        }
    });
    quote!(#(#implementations)*)
}

fn message(Method { signature, .. }: &Method) -> TokenStream {
    let types: Vec<&Type> = parameter_types(signature).collect();
    let message = message_among(&types).map(ToTokens::to_token_stream).unwrap_or_default();
    lifetimes::lent_for("message", message)
}
