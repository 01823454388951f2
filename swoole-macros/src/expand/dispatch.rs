//! The dispatch table: a field for each callback that is there, under the `cfg` of its method.

use super::{lifetimes, row};
use crate::check::{CALLBACKS_OF_LISTENERS, CallbackOfListener, Method, Row, Server, Written};
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

/// What the listeners beside the main one call, and their settings; nothing where there are none.
///
/// A method that several of them name is written once, so that a fault of its types is said once.
pub(super) fn of_listeners(server: &Server) -> TokenStream {
    if server.listeners.is_empty() {
        return TokenStream::new();
    }
    let swoole = &server.swoole;
    let names: Vec<Ident> = server
        .own_callbacks
        .iter()
        .map(|own| Ident::new(&format!("{}_by_{}", own.row.callback.name, own.method), Span::mixed_site()))
        .collect();
    let own = server.own_callbacks.iter().zip(&names).map(|(own, name)| {
        let ty = Ident::new(type_of(own.row.callback.name), Span::call_site());
        let ty = quote!(#swoole::__rt::#ty<Self>);
        let none = quote!(::core::option::Option::None);
        let Written::Present(methods) = &own.row.method else { return quote!(let #name: #ty = #none;) };
        let calls = methods.iter().map(|Method { cfg, signature }| {
            let call = row::call(own.row.callback, signature, None, server);
            let cfg = cfg.as_ref().map(|cfg| quote!(#[cfg(#cfg)]));
            quote!(#cfg let #name: #ty = ::core::option::Option::Some(#call);)
        });
        let conditions: Vec<_> = methods.iter().filter_map(|method| method.cfg.as_ref()).collect();
        let otherwise = (conditions.len() == methods.len()).then(|| quote!(#[cfg(not(any(#(#conditions),*)))] let #name: #ty = #none;));
        quote!(#(#calls)* #otherwise)
    });
    let listeners = server.listeners.iter().map(|listener| {
        let fields = CALLBACKS_OF_LISTENERS.map(|callback| {
            let field = Ident::new(callback, Span::call_site());
            let own = listener.callbacks.iter().find_map(|(name, what)| match what {
                CallbackOfListener::Own(at) if *name == callback => names.get(*at),
                CallbackOfListener::Own(_) | CallbackOfListener::Main => None,
            });
            match own {
                Some(own) => quote!(#field: #own),
                None => quote!(#field: <Self as #swoole::__rt::Server>::DISPATCH.#field),
            }
        });
        quote!(#swoole::__rt::CallbacksOfListener { #(#fields),* })
    });
    quote! {
        const LISTENERS: &'static [#swoole::__rt::Listener] = LISTENERS_OF_THIS_SERVER;
        const CALLBACKS_OF_LISTENERS: &'static [#swoole::__rt::CallbacksOfListener<Self>] = {
            #(#own)*
            &[#(#listeners),*]
        };
    }
}

/// What the runtime calls the type of this callback in its table.
fn type_of(callback: &str) -> &'static str {
    match callback {
        "on_connect" => "OnConnect",
        "on_receive" => "OnReceive",
        "on_packet" => "OnPacket",
        _ => "OnClose",
    }
}

fn fields(row: &Row, server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let name = Ident::new(row.callback.name, Span::call_site());
    let is_optional = row.callback.returns != Returns::State;
    match &row.method {
        Written::Absent | Written::Unusable if is_optional => TokenStream::new(),
        Written::Absent => {
            let absent = first_state(server);
            quote!(#name: #absent,)
        }
        Written::Unusable => quote!(#name: #swoole::__rt::no_state::<Self>,),
        Written::Present(methods) => {
            if row.callback.name == "on_finish" {
                return on_finish(row, methods, server);
            }
            let calls = methods.iter().map(|Method { cfg, signature }| {
                let call = row::call(row.callback, signature, None, server);
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

/// Its output has the type that `on_task` returns, so there is a row for each `on_task` that `cfg` may pick.
fn on_finish(row: &Row, methods: &[Method], server: &Server) -> TokenStream {
    let of_on_task = server.rows.iter().find(|row| row.callback.returns == Returns::Output);
    let Some(Written::Present(tasks)) = of_on_task.map(|row| &row.method) else { return TokenStream::new() };
    let pairs = methods.iter().flat_map(|method| tasks.iter().map(move |task| (method, task)));
    let rows = pairs.map(|(method, task)| {
        let conditions: Vec<&TokenStream> = method.cfg.iter().chain(&task.cfg).collect();
        let condition = (!conditions.is_empty()).then(|| quote!(#[cfg(all(#(#conditions),*))]));
        let call = row::call(row.callback, &method.signature, Some(&task.signature), server);
        quote!(#condition on_finish: ::core::option::Option::Some(#call),)
    });
    quote!(#(#rows)*)
}

/// `Default`, which is asked for at the name of the type.
fn first_state(server: &Server) -> TokenStream {
    let swoole = &server.swoole;
    let self_ty = lifetimes::for_ever(server.self_ty.to_token_stream());
    quote!(<#self_ty as #swoole::__rt::InitialState>::initial_state)
}
