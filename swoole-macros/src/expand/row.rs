//! A call of the user's callback with what the table is given.
//!
//! The type of each parameter, and of the result, meets what the server gives, or takes, in one expression: it is written there with
//! the user's own tokens, so that is where the compiler says that they are not the same, once. Both sides of an expression are types,
//! not names: an alias is as good as what it stands for.

use super::{lifetimes, order};
use crate::check::Server;
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use swoole_vocabulary::{Callback, Given, Returns};
use syn::{FnArg, ReturnType, Signature, Type, spanned::Spanned};

pub(super) fn call(callback: &Callback, signature: &Signature, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let takes = Ident::new(callback.takes, Span::call_site());
    let types: Vec<&Type> = types(signature).collect();
    let names: Vec<Ident> = callback.parameters.iter().map(|(name, _)| Ident::new(&format!("given_{name}"), Span::mixed_site())).collect();
    let state = callback.has_state.then(|| Ident::new("its_state", Span::mixed_site()));
    let function = &signature.ident;
    let state_first = state.iter().map(|state| quote!(#state,));
    let wanted: Vec<String> = callback.parameters.iter().map(|(_, given)| order::word(given.text().parse().unwrap_or_default())).collect();
    if let Some(swapped) = order::swapped(&wanted, &types) {
        let call = quote!(Self::#function(#(#state_first)* #(#names),*));
        let body = result(callback, signature, server, call);
        let given: Vec<TokenStream> = callback.parameters.iter().map(|(_, given)| tokens_of(*given, swoole)).collect();
        let elided: Vec<TokenStream> = types.iter().map(|ty| lifetimes::elided(ty.to_token_stream(), server)).collect();
        let (rule, ordered) = order::rule(callback, signature, &swapped, &elided, &given, &names);
        let parameters = state.iter().chain(&names);
        return quote!({ #rule |#(#parameters),*| { #ordered #body } });
    }
    let arguments = callback.parameters.iter().zip(&names).zip(types).map(|(((_, given), name), ty)| {
        // What is wrong with a lifetime is said of the call, which therefore stands where the type does.
        let at = Span::mixed_site().located_at(ty.span());
        let ty = lifetimes::elided(ty.to_token_stream(), server);
        let given = tokens_of(*given, swoole);
        quote_spanned!(at=> <#ty as #swoole::__rt::#takes<#given>>::given(#name))
    });
    let call = quote!(Self::#function(#(#state_first)* #(#arguments),*));
    let body = result(callback, signature, server, call);
    let parameters = state.iter().chain(&names);
    quote!(|#(#parameters),*| #body)
}

/// The types of the parameters behind `&mut self`.
pub(super) fn types(signature: &Signature) -> impl Iterator<Item = &Type> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(&*parameter.ty),
        FnArg::Receiver(_) => None,
    })
}

fn result(callback: &Callback, signature: &Signature, server: &Server, call: TokenStream) -> TokenStream {
    let swoole = &server.swoole;
    let (reads, by) = match callback.returns {
        Returns::Outcome => (quote!(#swoole::__rt::CallbackReturn), quote!(outcome)),
        Returns::State => (quote!(#swoole::__rt::StateReturn<Self>), quote!(state)),
        Returns::Output => (quote!(#swoole::__rt::OutputReturn), quote!(output)),
    };
    match &signature.output {
        ReturnType::Default => {
            let at = signature.ident.span();
            let nothing = quote_spanned!(at=> ());
            quote!(<#nothing as #reads>::#by(#call))
        }
        // It never comes back, which is of every type.
        ReturnType::Type(_, ty) if is_never(ty) => call,
        // Has no name to be written a second time.
        ReturnType::Type(_, ty) if says_impl(ty.to_token_stream()) => {
            let returned = Ident::new("it_returned", Span::mixed_site().located_at(ty.span()));
            quote!({ let #returned = #call; #reads::#by(#returned) })
        }
        ReturnType::Type(_, ty) => {
            let ty = lifetimes::elided(ty.to_token_stream(), server);
            quote!(<#ty as #reads>::#by(#call))
        }
    }
}

/// Whether it is `!`, maybe in the invisible group that a `macro_rules` puts around it.
fn is_never(ty: &Type) -> bool {
    match ty {
        Type::Never(_) => true,
        Type::Group(group) => is_never(&group.elem),
        _ => false,
    }
}

/// Whether a type, or a part of it, is one that has no name.
pub(super) fn says_impl(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => says_impl(group.stream()),
        _ => false,
    })
}

/// What the callback is given, as the expansion writes it.
pub(super) fn tokens_of(given: Given, swoole: &TokenStream) -> TokenStream {
    match given {
        Given::Master => quote!(&#swoole::Master),
        Given::Manager => quote!(&#swoole::Manager),
        Given::WorkerStart => quote!(&#swoole::WorkerStart),
        Given::Worker => quote!(&#swoole::Worker<Self>),
        Given::TaskWorker => quote!(&#swoole::TaskWorker<Self>),
        Given::Session => quote!(#swoole::SessionId),
        Given::MaybeSession => quote!(::core::option::Option<#swoole::SessionId>),
        Given::Data => quote!(&[::core::primitive::u8]),
        Given::Reason => quote!(#swoole::CloseReason),
        Given::Exit => quote!(&#swoole::WorkerExit),
        Given::Message => quote!(&::core::primitive::str),
        Given::Lost => quote!(&#swoole::Lost),
        Given::TaskId => quote!(#swoole::TaskId),
        // Of a type that the user chooses, or not there yet.
        Given::Source | Given::Task | Given::Output | Given::Period | Given::Sender | Given::Sent => quote!(_),
    }
}
