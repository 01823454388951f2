//! The types at both ends of a job, which the compiler compares; and, as long as there are no task workers, that there are none.

use super::{entry::Home, lifetimes, row, settings};
use crate::check::Server;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use swoole_vocabulary::Given;
use syn::{GenericParam, ReturnType, Signature, Type, spanned::Spanned};

pub(super) fn tasks(server: &Server, Home { parameters, self_ty, bounds }: &Home) -> TokenStream {
    let Some(tasks) = &server.tasks else { return TokenStream::new() };
    let swoole = &server.swoole;
    let on_task = tasks.on_task.as_deref();
    let output = on_task.map_or_else(|| quote!(()), |signature| output(signature, server));
    let of_on_task = on_task.map(|signature| types_of_on_task(signature, server));
    let of_on_finish = tasks.on_finish.as_deref().map(|signature| types_of_on_finish(signature, on_task, server));
    let named_lifetimes = on_task.and_then(|signature| named_lifetimes(signature, server));
    let at = on_task.map_or_else(Span::call_site, |signature| signature.ident.span());
    let refusal = tasks.are_whole.then(|| {
        let swoole = settings::located(swoole, at);
        let refuse = quote_spanned!(at=> #swoole::__rt::task_workers_are_not_there_yet());
        // Where the types are wrong the compiler says that alone. The types of a generic server are not known here.
        let types = server.generics.params.is_empty().then(|| quote!(<#self_ty as #swoole::__rt::RunsTasks>::TYPES;));
        quote!(const _: () = { #types #refuse };)
    });
    let condition = tasks.cfg.as_ref().map(|condition| quote!(#[cfg(#condition)]));
    quote! {
        #condition
        const _: () = {
            impl #parameters #swoole::__rt::RunsTasks for #self_ty #bounds {
                type Output = #output;
                const TYPES: () = { #of_on_task #of_on_finish };
            }
            #named_lifetimes
            #refusal
        };
    }
}

/// What `on_task` returns.
fn output(signature: &Signature, server: &Server) -> TokenStream {
    match &signature.output {
        ReturnType::Type(_, ty) if !matches!(**ty, Type::ImplTrait(_) | Type::Never(_)) => {
            lifetimes::for_ever(lifetimes::elided(ty.to_token_stream(), &signature.generics, server), server)
        }
        _ => quote!(()),
    }
}

fn types_of_on_task(signature: &Signature, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let mut types = row::types(signature).map(|ty| (ty.span(), lifetimes::elided(ty.to_token_stream(), &signature.generics, server)));
    let given = row::tokens_of(Given::TaskWorker, swoole);
    let task_worker = types.next().map(|(at, ty)| quote_spanned!(at=> #swoole::__rt::on_task_takes_a_task_worker::<#ty, #given>();));
    let task = types.next().map(|(at, ty)| quote_spanned!(at=> #swoole::__rt::on_task_takes_a_task::<#ty>();));
    let output = match &signature.output {
        ReturnType::Type(_, ty) if !matches!(**ty, Type::ImplTrait(_) | Type::Never(_)) => {
            let at = ty.span();
            let ty = lifetimes::elided(ty.to_token_stream(), &signature.generics, server);
            quote_spanned!(at=> #swoole::__rt::on_task_returns::<#ty>();)
        }
        _ => TokenStream::new(),
    };
    quote!(#task_worker #task #output)
}

fn types_of_on_finish(signature: &Signature, on_task: Option<&Signature>, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let returned = on_task.map(|signature| output(signature, server));
    let given = [Some(row::tokens_of(Given::Worker, swoole)), Some(row::tokens_of(Given::TaskId, swoole)), returned];
    let checks = row::types(signature).zip(given).enumerate().map(|(number, (ty, given))| {
        let at = ty.span();
        let ty = lifetimes::elided(ty.to_token_stream(), &signature.generics, server);
        match given {
            Some(given) if number == 2 => quote_spanned!(at=> #swoole::__rt::on_finish_takes_the_output::<#ty, #given>();),
            Some(given) => quote_spanned!(at=> #swoole::__rt::on_finish_takes::<#ty, #given>();),
            None => TokenStream::new(),
        }
    });
    quote!(#(#checks)*)
}

/// The type of the task once more, in a place where the compiler wants to see every lifetime: one that is hidden, as in `Task<Request>`
/// for a `Request<'_>`, cannot be filled in when the job is read.
fn named_lifetimes(signature: &Signature, server: &Server) -> Option<TokenStream> {
    let swoole = &server.swoole;
    let is_plain = server.generics.params.is_empty()
        && !signature.generics.params.iter().any(|parameter| !matches!(parameter, GenericParam::Lifetime(_)));
    let ty = row::types(signature).nth(1).filter(|_| is_plain)?;
    if mentions_self(ty.to_token_stream()) {
        return None;
    }
    let ty = lifetimes::elided(ty.to_token_stream(), &signature.generics, server);
    Some(quote! {
        struct TaskOfThisServer<T>(::core::marker::PhantomData<T>);
        impl #swoole::__rt::ShowsItsLifetimes for TaskOfThisServer<#ty> {}
    })
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}
