//! `start` and `builder`: what a program calls.

use super::lifetimes;
use crate::check::Server;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{GenericParam, Generics, WherePredicate};

/// What an impl block for the server's type begins and ends with.
pub(super) struct Home {
    pub(super) parameters: TokenStream,
    pub(super) self_ty: TokenStream,
    pub(super) bounds: TokenStream,
}

impl Home {
    /// The user's own, with `'static` for each lifetime: the state of a worker lives as long as its process.
    pub(super) fn of(server: &Server) -> Self {
        let Generics { params, where_clause, .. } = &server.generics;
        let types: Vec<TokenStream> = params.iter().filter_map(without_default).collect();
        let names: Vec<TokenStream> = params
            .iter()
            .filter_map(|parameter| match parameter {
                GenericParam::Type(parameter) => Some(parameter.ident.to_token_stream()),
                GenericParam::Lifetime(_) | GenericParam::Const(_) => None,
            })
            .collect();
        let predicates = where_clause.as_ref().map(|clause| clause.predicates.iter());
        let predicates: Vec<_> = predicates.into_iter().flatten().collect();
        Self {
            parameters: lifetimes::for_ever(quote!(<#(#types),*>)),
            self_ty: lifetimes::for_ever(server.self_ty.to_token_stream()),
            bounds: lifetimes::for_ever(bounds(&names, &predicates)),
        }
    }
}

/// Stands where the parameters do: there the compiler proposes a bound that is missing.
fn bounds(names: &[TokenStream], predicates: &[&WherePredicate]) -> TokenStream {
    let at = names.last().and_then(|name| name.clone().into_iter().next()).map_or_else(Span::call_site, |name| name.span());
    quote_spanned!(at=> where #(#names: 'static,)* #(#predicates,)*)
}

fn without_default(parameter: &GenericParam) -> Option<TokenStream> {
    match parameter {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(parameter) => {
            let (attributes, name, bounds) = (&parameter.attrs, &parameter.ident, &parameter.bounds);
            Some(quote!(#(#attributes)* #name: #bounds))
        }
        GenericParam::Const(parameter) => {
            let (name, ty) = (&parameter.ident, &parameter.ty);
            Some(quote!(const #name: #ty))
        }
    }
}

pub(super) fn entry(server: &Server, Home { parameters, self_ty, bounds }: &Home) -> TokenStream {
    let swoole = &server.swoole;
    let start = free_when(server, "start").map(|condition| {
        quote! {
            #condition
            /// Runs this server until it is told to stop, with the overrides of a file, the environment and the command line.
            ///
            /// # Errors
            /// What kept it from starting.
            pub fn start() -> #swoole::Result<()> {
                #swoole::__rt::start::<Self>()
            }
        }
    });
    let builder = free_when(server, "builder").map(|condition| {
        quote! {
            #condition
            /// The same with code in between: settings from elsewhere, for one.
            #[must_use]
            pub fn builder() -> #swoole::Builder<Self> {
                #swoole::__rt::builder::<Self>()
            }
        }
    });
    quote!(impl #parameters #self_ty #bounds { #start #builder })
}

/// The `cfg` under which the block leaves this name to the attribute, which is often none; `None` where it never does.
fn free_when(server: &Server, name: &str) -> Option<TokenStream> {
    match server.taken.iter().find(|taken| taken.name == name) {
        None => Some(TokenStream::new()),
        Some(taken) => taken.is_free_when.as_ref().map(|condition| quote!(#[cfg(#condition)])),
    }
}
