//! Which methods are callbacks.
//!
//! - A method named `on_…` is a callback of this release (C6), and none hides in a macro (C13).
//! - No method takes the name of what the attribute adds (C13).

use super::{
    Found, Taken,
    condition::{self, Condition},
    keys::Keys,
    shape,
};
use crate::{
    diagnostics::{Fault, as_written, line_to_write, listed},
    read::{Block, Method, Signature},
};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use std::rc::Rc;
use swoole_vocabulary::{CALLBACKS, Feature, PLANNED_CALLBACKS, PlannedCallback, Suggestion, callback, callback_meant, planned_callback};
use syn::Type;

/// The methods of the block, as far as rules ask for them.
pub(super) struct Methods<'a> {
    pub(super) block: &'a Block,
    pub(super) planned: Vec<PlannedMethod<'a>>,
    /// Callbacks that are probably meant by names that are none.
    meant: Vec<(&'static str, Condition)>,
}

/// A method that is a callback that is not there yet.
pub(super) struct PlannedMethod<'a> {
    pub(super) planned: &'static PlannedCallback,
    method: &'a Method,
    pub(super) condition: Condition,
    /// Where it has the shape of its callback.
    pub(super) signature: Option<Rc<syn::Signature>>,
}

impl Methods<'_> {
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Method> {
        self.block.methods.iter().filter(move |method| method.name == name)
    }

    /// Under which condition the block has a method of this name.
    pub(super) fn presence_of_method(&self, name: &str) -> Condition {
        self.named(name).fold(Condition::Never, |any, method| any.or(condition::of(method, &mut Vec::new())))
    }

    /// Under which condition there is a callback of this name, or something that is meant by another.
    pub(super) fn is_there_when(&self, name: &str) -> Condition {
        self.named(name).fold(self.is_meant_when(name), |any, method| any.or(condition::of(method, &mut Vec::new())))
    }

    /// From here on there is one, as far as the rules ask: that it is missing has been said.
    pub(super) fn take_for_there(&mut self, name: &'static str) {
        self.meant.push((name, Condition::Always));
    }

    /// Under which condition there is a name that is none, and probably this one.
    pub(super) fn is_meant_when(&self, name: &str) -> Condition {
        let of_name = self.meant.iter().filter(|(meant, _)| *meant == name);
        of_name.fold(Condition::Never, |any, (_, condition)| any.or(condition.clone()))
    }

    pub(super) fn name_of_type(&self) -> TokenStream {
        name_tokens(&self.block.self_ty)
    }
}

impl PlannedMethod<'_> {
    pub(super) fn name(&self) -> &Ident {
        &self.method.name
    }
}

pub(super) fn methods<'a>(block: &'a Block, keys: &Keys, found: &mut Found) -> Methods<'a> {
    let is_of_a_listener = |name: &str| keys.listeners.iter().any(|listener| listener.own.iter().any(|(_, method)| method == name));
    let mut methods = Methods { block, planned: Vec::new(), meant: Vec::new() };
    for called in &block.macros {
        let name = as_written(called);
        found.push(
            Fault::at(called, format!("what `{name}!` makes cannot be seen by `#[swoole::server]`"))
                .note("a callback among it would never be called")
                .help(format!("write its methods out, or call `{name}!` in another `impl {} {{ … }}`", name_of(&block.self_ty))),
        );
    }
    for method in &block.methods {
        let name = method.name.to_string();
        if callback(&name).is_some() || is_of_a_listener(&name) {
            continue;
        }
        if let Some(planned) = planned_callback(&name) {
            methods.planned.push(planned_method(planned, method, block, found));
            continue;
        }
        // Beside the right one it is another method.
        let same = same_letters(&name).filter(|same| !block.methods.iter().any(|method| method.name == same.name()));
        let suggestion = match same {
            Some(same) => Some(same),
            None if is_named_like_a_callback(&name) => callback_meant(&name),
            None => continue,
        };
        let condition = condition::of(method, &mut Vec::new());
        methods.meant.extend(suggestion.map(|suggestion| (suggestion.name(), condition.clone())));
        let fault = no_such_callback(method, &name, suggestion);
        match suggestion.and_then(|near| planned_callback(near.name())) {
            Some(near) => found.push_when(condition, near.feature, fault),
            None => found.faults.extend(condition.restrict(fault)),
        }
    }
    methods
}

fn planned_method<'a>(planned: &'static PlannedCallback, method: &'a Method, block: &Block, found: &mut Found) -> PlannedMethod<'a> {
    let mut faults = Vec::new();
    let condition = condition::of(method, &mut faults);
    let signature = match &method.signature {
        // What it looks like is not settled before it is there.
        Signature::Whole(signature) if planned.feature != Feature::Http => {
            let misshapen = shape::faults(&planned.callback, signature, &block.generics);
            let is_right = misshapen.is_empty();
            faults.extend(misshapen);
            is_right.then(|| Rc::clone(signature))
        }
        Signature::Whole(signature) => Some(Rc::clone(signature)),
        // The compiler says so itself.
        Signature::Broken => {
            found.speak_of(planned.feature);
            None
        }
    };
    for fault in faults {
        found.push_when(condition.clone(), planned.feature, fault);
    }
    PlannedMethod { planned, method, condition, signature }
}

/// The names of what the attribute adds that the block has already taken.
pub(super) fn taken(block: &Block, found: &mut Found) -> Vec<Taken> {
    let mut taken: Vec<Taken> = Vec::new();
    for method in &block.methods {
        let name = method.name.to_string();
        if name != "start" && name != "builder" || taken.iter().any(|taken| taken.name == name) {
            continue;
        }
        let condition = condition::of(method, &mut Vec::new());
        let fault = Fault::at(&method.name, format!("`#[swoole::server]` adds a function `{name}` to this type"))
            .note("`start` runs the server, and `builder` is the same with code in between")
            .help(format!("give this one another name, such as `{name}_here`"));
        let is_free = condition.clone().not();
        found.faults.extend(condition.restrict(fault));
        taken.push(Taken { name, is_free_when: if is_free.is_never() { None } else { is_free.tokens() } });
    }
    taken
}

fn is_named_like_a_callback(name: &str) -> bool {
    // `onReceive` is how the original writes it.
    name.strip_prefix("on").is_some_and(|rest| rest.starts_with(|first: char| first == '_' || first.is_ascii_uppercase()))
}

/// `OnConnect`, `onconnect`, `ON_CONNECT`: nobody has such a name for something else.
fn same_letters(name: &str) -> Option<Suggestion> {
    if name.starts_with('_') {
        return None;
    }
    let letters = |name: &str| name.replace('_', "").to_lowercase();
    let wanted = letters(name);
    let known = CALLBACKS.iter().map(|callback| Suggestion::Known(callback.name));
    let planned = PLANNED_CALLBACKS.iter().map(|planned| Suggestion::NotYet(planned.callback.name));
    known.chain(planned).find(|suggestion| letters(suggestion.name()) == wanted)
}

fn no_such_callback(method: &Method, name: &str, suggestion: Option<Suggestion>) -> Fault {
    let known = || format!("the callbacks of this release are {}", listed(CALLBACKS.iter().map(|callback| callback.name)));
    let fault = Fault::at(&method.name, format!("there is no callback `{name}`"));
    match suggestion {
        Some(Suggestion::Known(near)) => {
            let line = callback(near).map(|callback| match &method.signature {
                Signature::Whole(signature) => line_to_write(callback, signature),
                Signature::Broken => callback.signature(None),
            });
            let line = line.unwrap_or_default();
            let note = if name.starts_with("on_") {
                "a method whose name begins with `on_` is one that the server calls"
            } else {
                "the server calls it by its name"
            };
            fault.note(note).help(format!("write `{line}`"))
        }
        Some(Suggestion::NotYet(near)) => fault
            .note(format!("`{near}` is not there yet; {}", known()))
            .help(format!("remove `{name}`, or give it a name that does not begin with `on_`")),
        None => fault.note(known()).help("a function of your own needs a name that does not begin with `on_`"),
    }
}

/// The name of a type as a message has it: `Echo` for `crate::Echo`.
pub(super) fn name_of(ty: &Type) -> String {
    name_tokens(ty).to_string()
}

pub(super) fn name_tokens(ty: &Type) -> TokenStream {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_token_stream()).unwrap_or_default(),
        Type::Group(group) => name_tokens(&group.elem),
        _ => ty.to_token_stream(),
    }
}
