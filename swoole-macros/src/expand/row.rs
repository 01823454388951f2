//! A call of the user's callback with what the table is given.
//!
//! The type of each parameter, and of the result, meets what the server gives, or takes, in one expression: it is written there with
//! the user's own tokens, so that is where the compiler says that they are not the same, once. Both sides of an expression are types,
//! not names: an alias is as good as what it stands for.

use super::{lifetimes, order};
use crate::{
    check::Server,
    read::{message_among, parameter_types, says_impl, task_among, word},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use swoole_vocabulary::{Callback, Given, Returns};
use syn::{ReturnType, Signature, Type, spanned::Spanned};

/// `on_task`: for `on_finish`, whose output is what that returns.
pub(super) fn call(callback: &Callback, signature: &Signature, on_task: Option<&Signature>, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let types: Vec<&Type> = parameter_types(signature).collect();
    let names: Vec<Ident> = callback.parameters.iter().map(|(name, _)| Ident::new(&format!("given_{name}"), Span::mixed_site())).collect();
    let state = callback.has_state.then(|| Ident::new("its_state", Span::mixed_site()));
    let function = &signature.ident;
    let state_first = state.iter().map(|state| quote!(#state,));
    let parameters: Vec<&Ident> = state.iter().chain(&names).collect();
    let wanted: Vec<String> = callback.parameters.iter().map(|(_, given)| word_of(*given, on_task, &types)).collect();
    let body = if let Some(swapped) = order::swapped(&wanted, &types) {
        let call = quote!(Self::#function(#(#state_first)* #(#names),*));
        let body = result(callback, signature, server, call);
        let elided: Vec<TokenStream> = types.iter().map(|ty| lifetimes::elided(ty.to_token_stream(), server)).collect();
        let task = task_among(&types).map(|ty| lifetimes::elided(ty.to_token_stream(), server));
        let message = message_among(&types).map(|ty| lifetimes::elided(ty.to_token_stream(), server));
        let given = callback.parameters.iter().map(|(_, given)| match (given, &task, &message) {
            (Given::Task, Some(task), _) => task.clone(),
            (Given::Sent, _, Some(message)) => message.clone(),
            (Given::Output, ..) => output_of(on_task, server).1,
            (given, ..) => tokens_of(*given, swoole),
        });
        let (rule, ordered) = order::rule(callback, signature, &swapped, &elided, &given.collect::<Vec<_>>(), &names);
        quote!({ #rule #ordered #body })
    } else {
        let arguments = callback.parameters.iter().zip(&names).zip(&types).map(|(((_, given), name), ty)| {
            // What is wrong with a lifetime is said of the call, which therefore stands where the type does.
            let at = Span::mixed_site().located_at(ty.span());
            let ty = lifetimes::elided(ty.to_token_stream(), server);
            match given {
                // Read as what it is.
                Given::Task | Given::Sent => name.to_token_stream(),
                Given::Output => {
                    let output = output_of(on_task, server).1;
                    quote_spanned!(at=> <#ty as #swoole::__rt::OutputOfOnFinish<#output>>::given(#name))
                }
                _ => {
                    let takes = Ident::new(callback.takes, Span::call_site());
                    let given = tokens_of(*given, swoole);
                    quote_spanned!(at=> <#ty as #swoole::__rt::#takes<#given>>::given(#name))
                }
            }
        });
        let call = quote!(Self::#function(#(#state_first)* #(#arguments),*));
        result(callback, signature, server, call)
    };
    let body = run(callback, &names, &types, on_task, body, server);
    quote!(|#(#parameters),*| #body)
}

/// What is given to a callback as bytes is read before it is called, by the types at both ends.
fn run(
    callback: &Callback,
    names: &[Ident],
    types: &[&Type],
    on_task: Option<&Signature>,
    body: TokenStream,
    server: &Server,
) -> TokenStream {
    let swoole = &server.swoole;
    let raw = callback
        .parameters
        .iter()
        .zip(names)
        .zip(types)
        .find(|(((_, given), _), _)| matches!(given, Given::Task | Given::Output | Given::Sent));
    match raw {
        Some((((_, Given::Task), name), written)) => {
            let task = task_among(types).unwrap_or(written);
            let at = Span::mixed_site().located_at(task.span());
            let task = lifetimes::elided(task.to_token_stream(), server);
            let read = quote_spanned!(at=> <#task as #swoole::__rt::IsATask<'_>>::read);
            quote!(#swoole::__rt::run_task(#name, #read, |#name, given_back| #body))
        }
        Some((((_, Given::Sent), name), written)) => {
            let message = message_among(types).unwrap_or(written);
            let at = Span::mixed_site().located_at(message.span());
            let message = lifetimes::elided(message.to_token_stream(), server);
            let read = quote_spanned!(at=> <#message as #swoole::__rt::PipeMessage<'_>>::read);
            quote!(#swoole::__rt::run_pipe_message(#name, #read, |#name| #body))
        }
        Some((((_, _), name), _)) => {
            let (at, output) = output_of(on_task, server);
            let read = quote_spanned!(at=> <#output as #swoole::__rt::OutputOfOnTask>::read);
            let instead = super::tasks::instead(&output, server);
            quote!(#swoole::__rt::run_finish(#name, #read, #instead, |#name| #body))
        }
        None => body,
    }
}

/// What `on_task` returns, and where that is written.
fn output_of(on_task: Option<&Signature>, server: &Server) -> (Span, TokenStream) {
    match on_task.map(|signature| (&signature.output, signature.ident.span())) {
        Some((ReturnType::Type(_, ty), _)) if !is_never(ty) => (ty.span(), lifetimes::elided(ty.to_token_stream(), server)),
        Some((_, at)) => (at, quote_spanned!(at=> ())),
        None => (Span::call_site(), quote!(())),
    }
}

/// What the type of a parameter is called, where it is the right one.
fn word_of(given: Given, on_task: Option<&Signature>, types: &[&Type]) -> String {
    if given == Given::Sent {
        return message_among(types).map(|ty| word(ty.to_token_stream())).unwrap_or_default();
    }
    match (given, on_task.map(|signature| &signature.output)) {
        (Given::Output, Some(ReturnType::Type(_, ty))) => word(ty.to_token_stream()),
        (Given::Output, Some(ReturnType::Default)) => "()".to_owned(),
        _ => word(given.text().parse().unwrap_or_default()),
    }
}

fn result(callback: &Callback, signature: &Signature, server: &Server, call: TokenStream) -> TokenStream {
    let swoole = &server.swoole;
    let (reads, by) = match callback.returns {
        Returns::Outcome => (quote!(#swoole::__rt::CallbackReturn), quote!(outcome)),
        Returns::State => (quote!(#swoole::__rt::StateReturn<Self>), quote!(state)),
        Returns::Output => (quote!(#swoole::__rt::OutputOfOnTask), quote!(finish)),
    };
    // What `on_task` returns goes back by what it came with.
    let plain_call = call.clone();
    let call = if callback.returns == Returns::Output { quote!(#call, given_back) } else { call };
    match &signature.output {
        ReturnType::Default => {
            let at = signature.ident.span();
            let nothing = quote_spanned!(at=> ());
            quote!(<#nothing as #reads>::#by(#call))
        }
        // It never comes back, which is of every type.
        ReturnType::Type(_, ty) if is_never(ty) => plain_call,
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

/// What the callback is given, as the expansion writes it.
pub(super) fn tokens_of(given: Given, swoole: &TokenStream) -> TokenStream {
    match given {
        Given::Master => quote!(&#swoole::Master),
        Given::Manager => quote!(&#swoole::Manager),
        Given::WorkerStart => quote!(&#swoole::WorkerStart),
        Given::Worker => quote!(&#swoole::Worker<Self>),
        Given::TaskWorker => quote!(&#swoole::TaskWorker<Self>),
        Given::UserProcess => quote!(&#swoole::UserProcess<Self>),
        Given::Session => quote!(#swoole::SessionId),
        Given::MaybeSession => quote!(::core::option::Option<#swoole::SessionId>),
        Given::Data => quote!(&[::core::primitive::u8]),
        Given::Reason => quote!(#swoole::CloseReason),
        Given::Exit => quote!(&#swoole::WorkerExit),
        Given::Message => quote!(&::core::primitive::str),
        Given::Lost => quote!(&#swoole::Lost),
        Given::TaskId => quote!(#swoole::TaskId),
        Given::Sender => quote!(#swoole::WorkerId),
        Given::Period => quote!(::core::time::Duration),
        Given::Source => quote!(&#swoole::PacketSource),
        // Of a type that the user chooses.
        Given::Task | Given::Output | Given::Sent => quote!(_),
    }
}
