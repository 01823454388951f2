//! What calls of a worker need to know of `on_task`: which type its jobs have, and which its outputs.

use super::{entry::Home, lifetimes};
use crate::{
    check::{Method, Server, Written},
    read::{parameter_types, task_among},
};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use swoole_vocabulary::Returns;
use syn::{ReturnType, Signature, Type};

pub(super) fn tasks(server: &Server, Home { parameters, self_ty, bounds }: &Home) -> TokenStream {
    let swoole = &server.swoole;
    let on_task = server.rows.iter().find(|row| row.callback.returns == Returns::Output);
    let on_finish = server.rows.iter().find(|row| row.callback.name == "on_finish");
    let types: Vec<(Option<&TokenStream>, TokenStream)> = match on_task.map(|row| &row.method) {
        Some(Written::Present(methods)) => methods.iter().map(|method| (method.cfg.as_ref(), types(method, server))).collect(),
        // Something is wrong with it, which has been said: whatever is handed over is right, and so is whatever comes back.
        Some(Written::Unusable) if server.is_a_block => vec![(None, any(swoole))],
        Some(Written::Absent) if on_finish.is_some_and(|row| !matches!(row.method, Written::Absent)) && server.is_a_block => {
            vec![(None, any(swoole))]
        }
        _ => return TokenStream::new(),
    };
    let implementations = types.iter().map(|(condition, types)| {
        let condition = condition.map(|condition| quote!(#[cfg(#condition)]));
        quote! {
            #condition
            impl #parameters #swoole::__rt::RunsTasks for #self_ty #bounds {
                #types
            }
        }
    });
    quote!(#(#implementations)*)
}

fn any(swoole: &TokenStream) -> TokenStream {
    quote! {
        type Task<'job> = #swoole::__rt::AnyJob;
        type Output = #swoole::__rt::AnyJob;
    }
}

fn types(Method { signature, .. }: &Method, server: &Server) -> TokenStream {
    let output = output(signature);
    let types: Vec<&Type> = parameter_types(signature).collect();
    let task = task_among(&types).or(types.last().copied());
    let task = lifetimes::lent_for("job", task.map(ToTokens::to_token_stream).unwrap_or_default());
    let (swoole, instead) = (&server.swoole, instead(&output, server));
    quote! {
        type Task<'job> = #task;
        type Output = #output;
        fn instead(why: #swoole::TaskError) -> ::core::option::Option<#output> {
            (#instead)(why)
        }
    }
}

/// What there is for a job without an output: a function that the output's type decides about.
pub(super) fn instead(output: &TokenStream, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    quote!({
        use #swoole::__rt::NoOutputInstead as _;
        |why| #swoole::__rt::OutputInstead::<#output>::new().of(why)
    })
}

/// What `on_task` returns.
fn output(signature: &Signature) -> TokenStream {
    match &signature.output {
        ReturnType::Type(_, ty) if !matches!(**ty, Type::ImplTrait(_) | Type::Never(_)) => lifetimes::for_ever(ty.to_token_stream()),
        _ => quote!(()),
    }
}
