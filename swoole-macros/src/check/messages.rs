//! What messages between processes need.
//!
//! - Keys of messages stand beside an `on_pipe_message` (C4).
//! - What a message borrows need not be there for longer than `on_pipe_message` runs (C8).

use super::{
    Found,
    condition::{self, Condition},
    keys::Keys,
    methods::Methods,
};
use crate::{
    diagnostics::{Fault, as_written, listed},
    read::Signature,
};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use swoole_vocabulary::callback;
use syn::{FnArg, GenericParam, Generics};

pub(super) fn check(keys: &Keys, methods: &mut Methods<'_>, found: &mut Found) {
    for method in methods.named("on_pipe_message") {
        let Signature::Whole(signature) = &method.signature else { continue };
        let fault = fault_of_message(signature, &methods.block.generics);
        found.faults.extend(fault.and_then(|fault| condition::of(method, &mut Vec::new()).restrict(fault)));
    }
    let is_missing = methods.is_there_when("on_pipe_message").not();
    let settings: Vec<_> = keys.settings.iter().filter(|setting| setting.key.name.starts_with("message_")).collect();
    // One message for all of them: it is one callback that is missing.
    if let [first, ..] = settings.as_slice()
        && !is_missing.is_never()
    {
        let line = callback("on_pipe_message").map(|callback| callback.signature(None)).unwrap_or_default();
        let fault = Fault::at(&first.name, format!("`{}` without an `on_pipe_message`", first.name))
            .note("it is said of messages, which `on_pipe_message` takes, and there is none")
            .help(format!("add `{line} {{}}`, or remove {}", listed(settings.iter().map(|setting| setting.key.name))));
        if matches!(is_missing, Condition::Always) {
            methods.take_for_there("on_pipe_message");
        }
        found.faults.extend(is_missing.restrict(fault));
    }
}

/// A message that would have to be there for ever.
pub(super) fn fault_of_message(signature: &syn::Signature, block: &Generics) -> Option<Fault> {
    let FnArg::Typed(message) = signature.inputs.last()? else { return None };
    let lifetime = lifetime_of_state(message.ty.to_token_stream(), block)?;
    let name = as_written(&lifetime);
    let write = as_written(message).replace(&format!("&{name} "), "&").replace(&name, "'_");
    Some(
        Fault::at(&lifetime, format!("`on_pipe_message` cannot keep a message for `{name}`"))
            .note("what a message borrows is read in place, and is there until `on_pipe_message` returns")
            .help(format!("write `{write}`")),
    )
}

/// `'static`, or a lifetime of the block, which stands for it: the state of a worker lives as long as its process.
fn lifetime_of_state(tokens: TokenStream, block: &Generics) -> Option<TokenStream> {
    let is_of_block = |name: &str| {
        block.params.iter().any(|parameter| matches!(parameter, GenericParam::Lifetime(of_block) if of_block.lifetime.ident == name))
    };
    let mut apostrophe = None;
    for token in tokens {
        match (&token, apostrophe.take()) {
            (TokenTree::Ident(name), Some(before)) if name == "static" || is_of_block(&name.to_string()) => {
                return Some(quote!(#before #token));
            }
            (TokenTree::Group(group), _) => match lifetime_of_state(group.stream(), block) {
                None => {}
                found => return found,
            },
            (TokenTree::Punct(punct), _) if punct.as_char() == '\'' => apostrophe = Some(token),
            _ => {}
        }
    }
    None
}
