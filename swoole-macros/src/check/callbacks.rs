//! Which methods are callbacks, and which are missing.
//!
//! - A method named `on_…` is a callback of this release.
//! - A server with sessions has `on_connect`, `on_receive` and `on_close`.
//! - A callback stands there once, or once for each `cfg`.
//! - `cfg` on a callback is written as such.
//! - No method takes the name of what the attribute adds.

use super::{
    Found, Method, Row, Written, shape,
    structure::{Dispatch, Structure},
};
use crate::{
    diagnostics::{Fault, as_written, listed, result_as_written},
    read::{self, Block, Signature},
};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use std::rc::Rc;
use swoole_vocabulary::{CALLBACKS, Callback, Feature, PlannedCallback, Suggestion, callback, callback_meant, planned_callback};
use syn::{FnArg, Meta, ReturnType, Type};

/// The methods of the block, as far as rules ask for them.
pub(super) struct Methods<'a> {
    block: &'a Block,
    pub(super) planned: Vec<PlannedMethod<'a>>,
    /// Callbacks that are probably meant by names that are none.
    meant: Vec<&'static str>,
}

/// A method that is a callback that is not there yet.
pub(super) struct PlannedMethod<'a> {
    pub(super) planned: &'static PlannedCallback,
    method: &'a read::Method,
    /// The condition under which there is such a method.
    pub(super) cfg: Option<TokenStream>,
    /// Where it has the shape of its callback.
    pub(super) signature: Option<Rc<syn::Signature>>,
}

impl Methods<'_> {
    pub(super) fn planned(&self, name: &str) -> Option<&PlannedMethod<'_>> {
        self.planned.iter().find(|method| method.method.name == name)
    }

    pub(super) fn known(&self, name: &str) -> Option<&read::Method> {
        self.block.methods.iter().find(|method| method.name == name)
    }

    pub(super) fn is_meant(&self, name: &str) -> bool {
        self.meant.contains(&name)
    }

    pub(super) fn name_of_type(&self) -> TokenStream {
        name_tokens(&self.block.self_ty)
    }
}

impl PlannedMethod<'_> {
    pub(super) fn name(&self) -> Ident {
        self.method.name.clone()
    }

    /// A fault that is one only where there is such a method.
    pub(super) fn fault(&self, headline: impl Into<String>) -> Fault {
        let fault = Fault::at(&self.method.name, headline);
        match &self.cfg {
            Some(condition) => fault.when(condition.clone()),
            None => fault,
        }
    }

    /// The type that it returns, as it was written.
    pub(super) fn result_text(&self) -> Option<String> {
        match &self.signature.as_ref()?.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(as_written(ty)),
        }
    }

    /// The type of one of its parameters behind `&mut self`, as it was written.
    pub(super) fn type_text(&self, at: usize) -> Option<String> {
        let signature = self.signature.as_ref()?;
        let mut typed = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(as_written(&parameter.ty)),
            FnArg::Receiver(_) => None,
        });
        typed.nth(at)
    }
}

pub(super) fn methods<'a>(block: &'a Block, found: &mut Found) -> Methods<'a> {
    let mut methods = Methods { block, planned: Vec::new(), meant: Vec::new() };
    for method in &block.methods {
        let name = method.name.to_string();
        if !is_named_like_a_callback(&name) || callback(&name).is_some() {
            continue;
        }
        if let Some(planned) = planned_callback(&name) {
            methods.planned.push(planned_method(planned, method, found));
            continue;
        }
        let suggestion = callback_meant(&name);
        methods.meant.extend(suggestion.map(Suggestion::name));
        let fault = no_such_callback(method, &name, suggestion);
        match suggestion.and_then(|near| planned_callback(near.name())) {
            Some(near) => found.push_of(near.feature, fault),
            None => found.push(fault),
        }
    }
    methods
}

fn planned_method<'a>(planned: &'static PlannedCallback, method: &'a read::Method, found: &mut Found) -> PlannedMethod<'a> {
    let mut faults = Vec::new();
    let cfg = cfg_of(&planned.callback, method, &mut faults);
    let signature = match &method.signature {
        // What it looks like is not settled before it is there.
        Signature::Whole(signature) if planned.feature != Feature::Http => {
            let misshapen = shape::faults(&planned.callback, signature);
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
        found.push_of(planned.feature, fault);
    }
    PlannedMethod { planned, method, cfg, signature }
}

pub(super) fn rows(block: &Block, methods: &Methods<'_>, structure: &Structure, found: &mut Found) -> Vec<Row> {
    let is_needed = |callback: &Callback| {
        let runs = match structure.dispatch {
            Dispatch::Ordered => true,
            Dispatch::Unordered(_) => callback.name == "on_receive",
        };
        runs && !structure.listener.is_datagram() && !methods.is_meant(callback.name)
    };
    CALLBACKS.iter().map(|callback| row(block, callback, is_needed(callback), &mut found.faults)).collect()
}

/// The names of what the attribute adds, as far as the block has taken them.
pub(super) fn taken(block: &Block, found: &mut Found) -> Vec<String> {
    let mut taken = Vec::new();
    for method in &block.methods {
        let name = method.name.to_string();
        if (name == "start" || name == "builder") && !taken.contains(&name) {
            found.push(
                Fault::at(&method.name, format!("`#[swoole::server]` adds a function `{name}` to this type"))
                    .note("`start` runs the server, and `builder` is the same with code in between")
                    .help(format!("give this one another name, such as `{name}_here`")),
            );
            taken.push(name);
        }
    }
    taken
}

fn is_named_like_a_callback(name: &str) -> bool {
    // `onReceive` is how the original writes it.
    name.strip_prefix("on").is_some_and(|rest| rest.starts_with(|first: char| first == '_' || first.is_ascii_uppercase()))
}

fn no_such_callback(method: &read::Method, name: &str, suggestion: Option<Suggestion>) -> Fault {
    let known = || format!("the callbacks of this release are {}", listed(CALLBACKS.iter().map(|callback| callback.name)));
    if planned_callback(name).is_some() {
        return Fault::at(&method.name, format!("`{name}` is not there yet"))
            .note(known())
            .help(format!("remove `{name}`, or give it a name that does not begin with `on_`"));
    }
    let fault = Fault::at(&method.name, format!("there is no callback `{name}`"));
    match suggestion {
        Some(Suggestion::Known(near)) => {
            let returns = match &method.signature {
                Signature::Whole(signature) => result_as_written(signature),
                Signature::Broken => None,
            };
            let line = callback(near).map(|callback| callback.signature(returns.as_deref())).unwrap_or_default();
            fault.note("a method whose name begins with `on_` is one that the server calls").help(format!("write `{line}`"))
        }
        Some(Suggestion::NotYet(near)) => fault
            .note(format!("`{near}` is not there yet; {}", known()))
            .help(format!("remove `{name}`, or give it a name that does not begin with `on_`")),
        None => fault.note(known()).help("a function of your own needs a name that does not begin with `on_`"),
    }
}

fn row(block: &Block, callback: &'static Callback, may_be_needed: bool, faults: &mut Vec<Fault>) -> Row {
    let written: Vec<_> = block.methods.iter().filter(|method| method.name == callback.name).collect();
    let needed_because = callback.needed_because.filter(|_| may_be_needed);
    if written.is_empty() {
        faults.extend(needed_because.map(|because| missing(block, callback, because)));
        return Row { callback, method: Written::Absent };
    }
    let count = faults.len();
    let methods: Vec<Method> = written.iter().filter_map(|method| usable(callback, method, faults)).collect();
    let all = methods.len() == written.len() && faults.len() == count;
    let conditions: Vec<&TokenStream> = methods.iter().filter_map(|method| method.cfg.as_ref()).collect();
    // Two of one name: the compiler refuses the block itself, and a table that names them would be a fault more.
    if !all || methods.len() > 1 && conditions.len() < methods.len() {
        return Row { callback, method: Written::Unusable };
    }
    if let Some(because) = needed_because.filter(|_| !conditions.is_empty()) {
        faults.push(missing(block, callback, because).when(quote!(not(any(#(#conditions),*)))));
    }
    Row { callback, method: Written::Present(methods) }
}

fn usable(callback: &Callback, method: &read::Method, faults: &mut Vec<Fault>) -> Option<Method> {
    let Signature::Whole(signature) = &method.signature else { return None };
    let found = shape::faults(callback, signature);
    let cfg = cfg_of(callback, method, faults);
    let is_right = found.is_empty();
    faults.extend(found);
    let is_right = is_right && !shape::has_a_parameter_without_size(signature);
    is_right.then(|| Method { cfg, signature: Rc::clone(signature) })
}

/// The condition under which this method is there.
fn cfg_of(callback: &Callback, method: &read::Method, faults: &mut Vec<Fault>) -> Option<TokenStream> {
    let mut conditions = Vec::new();
    for attribute in &method.attributes {
        let Meta::List(list) = &attribute.meta else { continue };
        if list.path.is_ident("cfg") {
            conditions.push(list.tokens.clone());
        } else if list.path.is_ident("cfg_attr") && names_cfg(&list.tokens) {
            faults.push(
                Fault::at(attribute, format!("whether there is an `{}` hangs on a `cfg` inside of `cfg_attr`", callback.name))
                    .note("the dispatch table has a row for each callback, under the same condition")
                    .help("write the condition as `#[cfg(all(…))]`"),
            );
        }
    }
    match conditions.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(quote!(all(#(#several),*))),
    }
}

fn names_cfg(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| token.to_string() == "cfg")
}

fn missing(block: &Block, callback: &Callback, because: &str) -> Fault {
    let name = name_of(&block.self_ty);
    Fault::at(&name_tokens(&block.self_ty), format!("`{name}` has no `{}`", callback.name))
        .note(because)
        .help(format!("add `{} {{}}`", callback.signature(None)))
}

/// The name of a type as a message has it: `Echo` for `crate::Echo`.
pub(super) fn name_of(ty: &Type) -> String {
    name_tokens(ty).to_string()
}

fn name_tokens(ty: &Type) -> TokenStream {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_token_stream()).unwrap_or_default(),
        Type::Group(group) => name_tokens(&group.elem),
        _ => ty.to_token_stream(),
    }
}
