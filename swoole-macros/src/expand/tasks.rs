//! The types at both ends of a job, which the compiler compares; and, as long as there are no task workers, that there are none.

use super::{entry::Home, lifetimes, order, row, settings};
use crate::check::{Method, Server};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use swoole_vocabulary::{Given, planned_callback};
use syn::{GenericParam, ReturnType, Signature, Type, spanned::Spanned};

pub(super) fn tasks(server: &Server, Home { parameters, self_ty, bounds }: &Home) -> TokenStream {
    let Some(tasks) = &server.tasks else { return TokenStream::new() };
    let swoole = &server.swoole;
    let outputs = outputs(&tasks.on_task);
    let of_on_task = tasks.on_task.iter().map(|method| under(method, types_of_on_task(&method.signature, server)));
    let of_on_finish = tasks.on_finish.iter().map(|method| under(method, types_of_on_finish(&method.signature, &tasks.on_task, server)));
    let shown = tasks.on_task.iter().filter_map(|method| shown_lifetimes(method, server));
    let at = tasks.on_task.first().map_or_else(Span::call_site, |method| method.signature.ident.span());
    let located = settings::located(swoole, at);
    let refuse = quote_spanned!(at=> #located::__rt::task_workers_are_not_there_yet());
    // Where the types are wrong the compiler says that alone. Those of a generic server are not known here.
    let types = server.generics.params.is_empty().then(|| quote!(<#self_ty as #swoole::__rt::RunsTasks>::TYPES;));
    let whole = tasks.are_whole_when.as_ref().map(|condition| quote!(#[cfg(#condition)]));
    let either = either(tasks.on_task.iter().chain(&tasks.on_finish));
    quote! {
        #either
        impl #parameters #swoole::__rt::RunsTasks for #self_ty #bounds {
            #outputs
            const TYPES: () = { #(#of_on_task)* #(#of_on_finish)* };
        }
        #(#shown)*
        #whole
        const _: () = { #types #refuse };
    }
}

/// These statements under the condition of the method.
fn under(method: &Method, statements: TokenStream) -> TokenStream {
    let condition = method.cfg.as_ref().map(|condition| quote!(#[cfg(#condition)]));
    quote!(#condition { #statements })
}

/// Where there is one of these methods.
fn either<'a>(methods: impl Iterator<Item = &'a Method>) -> Option<TokenStream> {
    let conditions: Option<Vec<&TokenStream>> = methods.map(|method| method.cfg.as_ref()).collect();
    conditions.filter(|conditions| !conditions.is_empty()).map(|conditions| quote!(#[cfg(any(#(#conditions),*))]))
}

fn outputs(on_task: &[Method]) -> TokenStream {
    let outputs = on_task.iter().map(|Method { cfg, signature }| {
        let output = output(signature);
        let condition = cfg.as_ref().map(|condition| quote!(#[cfg(#condition)]));
        quote!(#condition type Output = #output;)
    });
    let conditions: Option<Vec<&TokenStream>> = on_task.iter().map(|method| method.cfg.as_ref()).collect();
    let otherwise = conditions.map(|conditions| {
        quote!(
            #[cfg(not(any(#(#conditions),*)))]
            type Output = ();
        )
    });
    quote!(#(#outputs)* #otherwise)
}

/// What `on_task` returns.
fn output(signature: &Signature) -> TokenStream {
    match &signature.output {
        ReturnType::Type(_, ty) if !matches!(**ty, Type::ImplTrait(_) | Type::Never(_)) => lifetimes::for_ever(ty.to_token_stream()),
        _ => quote!(()),
    }
}

fn types_of_on_task(signature: &Signature, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let task_worker = row::tokens_of(Given::TaskWorker, swoole);
    let types: Vec<&Type> = row::types(signature).collect();
    if let Some(swapped) = order::swapped(&["TaskWorker".to_owned(), "Task".to_owned()], &types) {
        // What the task is of is the user's own word: with the types in their right order it is looked at.
        let written = elided(&types, server);
        let task = written.first().cloned().unwrap_or_default();
        return in_order("on_task", signature, &swapped, &written, &[task_worker, task]);
    }
    let task_worker = types.first().map(|ty| check(ty, server, &quote!(#swoole::__rt::ParameterOfOnTask<#task_worker>)));
    let task = types.get(1).map(|ty| check(ty, server, &quote!(#swoole::__rt::IsATask)));
    let output = match &signature.output {
        ReturnType::Type(_, ty) if !matches!(**ty, Type::ImplTrait(_) | Type::Never(_)) => {
            Some(check(ty, server, &quote!(#swoole::__rt::OutputOfOnTask)))
        }
        _ => None,
    };
    quote!(#task_worker #task #output)
}

fn types_of_on_finish(signature: &Signature, on_task: &[Method], server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let types: Vec<&Type> = row::types(signature).collect();
    let (worker, task_id) = (row::tokens_of(Given::Worker, swoole), row::tokens_of(Given::TaskId, swoole));
    let output = quote!(<Self as #swoole::__rt::RunsTasks>::Output);
    let returned = on_task.first().map(|method| match &method.signature.output {
        ReturnType::Type(_, ty) => order::word(ty.to_token_stream()),
        ReturnType::Default => "()".to_owned(),
    });
    let wanted = ["Worker".to_owned(), "TaskId".to_owned(), returned.unwrap_or_default()];
    if let Some(swapped) = order::swapped(&wanted, &types) {
        return in_order("on_finish", signature, &swapped, &elided(&types, server), &[worker, task_id, output]);
    }
    let worker = types.first().map(|ty| check(ty, server, &quote!(#swoole::__rt::ParameterOfOnFinish<#worker>)));
    let task_id = types.get(1).map(|ty| check(ty, server, &quote!(#swoole::__rt::ParameterOfOnFinish<#task_id>)));
    let output = types.get(2).filter(|_| !on_task.is_empty()).map(|ty| {
        let check = check(ty, server, &quote!(#swoole::__rt::OutputOfOnFinish<#output>));
        let condition = either(on_task.iter());
        quote!(#condition { #check })
    });
    quote!(#worker #task_id #output)
}

/// A statement that compiles where the type, as it was written, has the trait; an error stands at the type.
fn check(ty: &Type, server: &Server, rule: &TokenStream) -> TokenStream {
    let at = ty.span();
    let ty = lifetimes::elided(ty.to_token_stream(), server);
    quote_spanned!(at=> let _ = || <#ty as #rule>::is();)
}

fn elided(types: &[&Type], server: &Server) -> Vec<TokenStream> {
    types.iter().map(|ty| lifetimes::elided(ty.to_token_stream(), server)).collect()
}

fn in_order(name: &str, signature: &Signature, swapped: &order::Swapped, written: &[TokenStream], given: &[TokenStream]) -> TokenStream {
    let Some(planned) = planned_callback(name) else { return TokenStream::new() };
    let names: Vec<Ident> =
        planned.callback.parameters.iter().map(|(name, _)| Ident::new(&format!("given_{name}"), Span::mixed_site())).collect();
    let (rule, statement) = order::rule(&planned.callback, signature, swapped, written, given, &names);
    let unused = names.iter().map(|name| quote!(let _ = #name;));
    quote!(#rule let _ = |#(#names),*| { #statement #(#unused)* };)
}

/// The type of the task once more, in a place where the compiler wants to see every lifetime: one that is hidden, as in `Task<Request>`
/// for a `Request<'_>`, cannot be filled in when the job is read.
fn shown_lifetimes(method: &Method, server: &Server) -> Option<TokenStream> {
    let swoole = &server.swoole;
    let Method { cfg, signature } = method;
    let is_plain = server.generics.params.is_empty()
        && signature.generics.params.iter().all(|parameter| matches!(parameter, GenericParam::Lifetime(_)));
    let ty = row::types(signature).nth(1).filter(|_| is_plain)?.to_token_stream();
    if mentions_self(ty.clone()) {
        return None;
    }
    let ty = lifetimes::elided(ty, server);
    let condition = cfg.as_ref().map(|condition| quote!(#[cfg(#condition)]));
    Some(quote! {
        #condition
        const _: () = {
            struct TaskOfThisServer<T>(::core::marker::PhantomData<T>);
            impl #swoole::__rt::ShowsItsLifetimes for TaskOfThisServer<#ty> {}
        };
    })
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}
