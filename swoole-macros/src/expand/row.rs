//! A call of the user's callback with what the table is given.
//!
//! The type of each parameter, and of the result, meets what the server gives, or takes, in one expression: it is written there with
//! the user's own tokens, so that is where the compiler says that they are not the same, once. Both sides of an expression are types,
//! not names: an alias is as good as what it stands for.

use super::lifetimes;
use crate::{
    check::Server,
    vocabulary::{Callback, Returns},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{FnArg, ReturnType, Signature, Type, spanned::Spanned};

pub(super) fn call(callback: &Callback, signature: &Signature, server: &Server) -> TokenStream {
    let takes = Ident::new(callback.takes, Span::call_site());
    let typed = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter.ty.to_token_stream()),
        FnArg::Receiver(_) => None,
    });
    let mut names: Vec<Ident> = Vec::new();
    let mut arguments: Vec<TokenStream> = Vec::new();
    if callback.has_state {
        let state = Ident::new("state", Span::mixed_site());
        arguments.push(state.to_token_stream());
        names.push(state);
    }
    for ((name, given), ty) in callback.parameters.iter().zip(typed) {
        let name = Ident::new(name, Span::mixed_site());
        // What is wrong with a lifetime is said of the call, which therefore stands where the type does.
        let at = Span::mixed_site().located_at(ty.span());
        let ty = lifetimes::elided(ty, &signature.generics, server);
        let given = given.tokens();
        arguments.push(quote_spanned!(at=> <#ty as ::swoole::__rt::#takes<#given>>::given(#name)));
        names.push(name);
    }
    let function = &signature.ident;
    let result = result(callback, signature, server, quote!(Self::#function(#(#arguments),*)));
    quote!(|#(#names),*| #result)
}

fn result(callback: &Callback, signature: &Signature, server: &Server, call: TokenStream) -> TokenStream {
    let (reads, by) = match callback.returns {
        Returns::Outcome => (quote!(::swoole::__rt::CallbackReturn), quote!(outcome)),
        Returns::State => (quote!(::swoole::__rt::StateReturn<Self>), quote!(state)),
    };
    match &signature.output {
        ReturnType::Default => {
            let at = signature.ident.span();
            let nothing = quote_spanned!(at=> ());
            quote!(<#nothing as #reads>::#by(#call))
        }
        // It never comes back, which is of every type.
        ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => call,
        // Has no name to be written a second time.
        ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => quote!(#reads::#by(#call)),
        ReturnType::Type(_, ty) => {
            let ty = lifetimes::elided(ty.to_token_stream(), &signature.generics, server);
            quote!(<#ty as #reads>::#by(#call))
        }
    }
}
