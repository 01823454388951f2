//! What a callback looks like, types apart.
//!
//! - It is an ordinary function: not `unsafe`, `const`, `async`, `extern`, variadic.
//! - It has no parameters of type, neither named nor as `impl Trait`. Lifetimes it may have.
//! - It has `&mut self` where it runs in a worker that has a state by then, and nothing of the kind elsewhere.
//! - It has as many parameters as it is given; none of them hangs on a `cfg`, and no reference asks to live for ever.
//!
//! Which types the parameters have is for the compiler to see.

use super::processes::line_of_run;
use crate::diagnostics::{Fault, as_written, line_to_write};
use proc_macro2::TokenStream;
use quote::ToTokens;
use swoole_vocabulary::{Callback, Given, RUN_OF_PROCESS};
use syn::{
    FnArg, GenericArgument, GenericParam, Generics, Lifetime, PatType, PathArguments, Receiver, ReceiverKind, Safety, Signature, Type,
    ext::IdentExt,
};

/// `block`: the parameters of the block, whose lifetimes are those of the state.
pub(super) fn faults(callback: &Callback, signature: &Signature, block: &Generics) -> Vec<Fault> {
    let shape = Shape { callback, signature, block, help: help(callback, signature) };
    let mut faults = Vec::new();
    faults.extend(shape.qualifiers());
    faults.extend(shape.generics());
    let receiver = shape.receiver();
    // Without the right receiver the others cannot be counted: the line to write has them all.
    faults.extend(receiver.is_none().then(|| shape.number()).flatten());
    faults.extend(receiver);
    faults.extend(shape.parameters());
    faults
}

/// Whether the compiler refuses a parameter by itself: one without a size, which somebody has left the `&` out of.
pub(super) fn has_a_parameter_without_size(signature: &Signature) -> bool {
    signature.inputs.iter().any(|input| match input {
        FnArg::Typed(parameter) => match plain(&parameter.ty) {
            Type::Slice(_) => true,
            Type::Path(path) => path.path.is_ident("str"),
            _ => false,
        },
        FnArg::Receiver(_) => false,
    })
}

/// The line to write, with what the user's function returns.
fn help(callback: &Callback, signature: &Signature) -> String {
    if is_run_of_process(callback) {
        return format!("write `{}`", line_of_run(signature));
    }
    // A listener may name a method of another name.
    let name = signature.ident.unraw().to_string();
    format!("write `{}`", line_to_write(callback, signature).replacen(callback.name, &name, 1))
}

/// Whether it is what an `add_process` names, which the user calls as he likes.
fn is_run_of_process(callback: &Callback) -> bool {
    callback.takes == RUN_OF_PROCESS.takes
}

struct Shape<'a> {
    callback: &'a Callback,
    signature: &'a Signature,
    block: &'a Generics,
    help: String,
}

impl Shape<'_> {
    fn fault(&self, at: &impl ToTokens, headline: String, note: impl AsRef<str>) -> Fault {
        Fault::at(at, headline).note(note).help(&self.help)
    }

    /// As the user has written it, which is what a callback is called.
    fn name(&self) -> String {
        self.signature.ident.unraw().to_string()
    }

    fn qualifiers(&self) -> Vec<Fault> {
        let name = self.name();
        let mut faults = Vec::new();
        if let Some(word) = &self.signature.constness {
            let why = "the server calls it while it runs; the compiler never does";
            faults.push(self.fault(word, format!("`{name}` cannot be `const`"), why));
        }
        if let Some(word) = &self.signature.asyncness {
            let why = if is_run_of_process(self.callback) {
                "what a user process runs is an ordinary function: it may block, and start a runtime of its own"
            } else {
                "the callbacks of this release are ordinary functions, which may block: nothing else waits in their worker process"
            };
            faults.push(self.fault(word, format!("an `async` `{name}` is not there yet"), why));
        }
        if let Safety::Unsafe(word) = &self.signature.safety {
            let why = "the server calls it, and cannot know what its caller has to promise";
            faults.push(self.fault(word, format!("`{name}` cannot be `unsafe`"), why));
        }
        if let Some(abi) = &self.signature.abi {
            let why = "the server calls it as a Rust function";
            faults.push(self.fault(abi, format!("`{name}` cannot be `extern`"), why));
        }
        if let Some(variadic) = &self.signature.variadic {
            faults.push(self.fault(
                &variadic.dots,
                format!("`{name}` cannot be variadic"),
                "the server gives it the same parameters every time",
            ));
        }
        faults
    }

    fn generics(&self) -> Vec<Fault> {
        let why = "the server calls one function, and has nothing to choose a type by";
        let named = self.signature.generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Lifetime(_) => None,
            GenericParam::Type(parameter) => Some(parameter.ident.to_token_stream()),
            GenericParam::Const(parameter) => Some(parameter.ident.to_token_stream()),
        });
        let hidden = self.typed().filter_map(|parameter| hidden_in(&parameter.ty));
        named.chain(hidden).map(|at| self.fault(&at, format!("`{}` cannot be generic", self.name()), why)).collect()
    }

    fn receiver(&self) -> Option<Fault> {
        let name = self.name();
        match (self.signature.receiver(), self.callback.has_state) {
            (Some(receiver), true) if !is_exclusive(receiver) => {
                let why = "one callback runs at a time in a worker, and each may change the state of its worker";
                Some(self.fault(receiver, format!("`{name}` takes `&mut self`, not `{}`", written(receiver)), why))
            }
            (None, true) if self.typed().next().is_some_and(|first| is_the_state(&first.ty)) => {
                let why = "one callback runs at a time in a worker, and each may change the state of its worker";
                let first = self.typed().next();
                Some(self.fault(&first, format!("`{name}` takes `&mut self`, not `{}`", as_written(&first)), why))
            }
            (None, true) => {
                let why = "it runs in a worker, and gets the state of this worker as `&mut self`";
                Some(self.fault(&self.signature.ident, format!("`{name}` has no `&mut self`"), why))
            }
            (Some(receiver), false) => Some(self.fault(receiver, format!("`{name}` takes no `self`"), why_no_state(self.callback))),
            (Some(_), true) | (None, false) => None,
        }
    }

    fn number(&self) -> Option<Fault> {
        let wanted = self.callback.parameters.len();
        let there = self.typed().count();
        if there == wanted {
            return None;
        }
        let plural = if wanted == 1 { "" } else { "s" };
        let after = if self.callback.has_state { " after `&mut self`" } else { "" };
        let headline = format!("`{}` takes {wanted} parameter{plural}{after}, and has {there} here", self.name());
        let given = format!("what the server gives it is `({})`", self.callback.parameters_text());
        let surplus = self.typed().nth(wanted).map(ToTokens::to_token_stream);
        let at = surplus.unwrap_or_else(|| self.signature.ident.to_token_stream());
        Some(self.fault(&at, headline, given))
    }

    fn parameters(&self) -> Vec<Fault> {
        let name = self.name();
        let conditional = self.typed().flat_map(|parameter| &parameter.attrs).filter(|attribute| attribute.path().is_ident("cfg"));
        let conditional = conditional.map(|attribute| {
            self.fault(attribute, format!("a parameter of `{name}` hangs on a `cfg`"), "the server gives it the same parameters every time")
        });
        // What a job brings is the callback's own.
        let is_lent = |given: &Given| !matches!(given, Given::Task | Given::Output | Given::Sent);
        let lent = self.typed().zip(self.callback.parameters).filter(|(_, (_, given))| is_lent(given)).map(|(parameter, _)| parameter);
        let for_ever = lent.filter_map(|parameter| match plain(&parameter.ty) {
            Type::Reference(reference) => {
                reference.lifetime.as_ref().filter(|lifetime| lifetime.ident == "static" || self.is_of_block(lifetime))
            }
            _ => None,
        });
        let of_state = self.signature.receiver().and_then(|receiver| match &receiver.kind {
            ReceiverKind::Reference(_, lifetime, _) => {
                lifetime.as_ref().filter(|lifetime| lifetime.ident == "static" || self.is_of_block(lifetime))
            }
            _ => None,
        });
        let for_ever = for_ever.chain(of_state).map(|lifetime| {
            let why = "what the server lends to a callback is there until the callback returns";
            self.fault(lifetime, format!("`{name}` cannot keep for `{lifetime}` what it is lent"), why)
        });
        conditional.chain(for_ever).collect()
    }

    fn is_of_block(&self, lifetime: &Lifetime) -> bool {
        let of_block =
            |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(of_block) if of_block.lifetime.ident == lifetime.ident);
        self.block.params.iter().any(of_block)
    }

    fn typed(&self) -> impl Iterator<Item = &PatType> {
        self.signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(parameter) => Some(parameter),
            FnArg::Receiver(_) => None,
        })
    }
}

fn why_no_state(callback: &Callback) -> &'static str {
    match callback.parameters.first() {
        Some((_, Given::Master)) => "it runs in the master, which has no state: each worker has one of its own",
        Some((_, Given::Manager)) => "it runs in the manager, which has no state: each worker has one of its own",
        Some((_, Given::UserProcess)) => "it runs in a process of its own, which has no state: each worker has one of its own",
        Some((_, Given::WorkerStart)) => "it builds the state, which is not there before",
        _ => "it runs when another callback has panicked, which may have left the state half-changed",
    }
}

/// `&mut Self`, as the type of a parameter that is not called `self`.
fn is_the_state(ty: &Type) -> bool {
    match plain(ty) {
        Type::Reference(reference) => is_the_state(&reference.elem),
        Type::Path(path) => path.path.is_ident("Self"),
        _ => false,
    }
}

fn is_exclusive(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => matches!(plain(ty), Type::Reference(reference) if reference.mutability.is_some()),
        _ => false,
    }
}

fn written(receiver: &Receiver) -> String {
    match &receiver.kind {
        ReceiverKind::Reference(..) => "&self".to_owned(),
        ReceiverKind::Typed(_, ty) => format!("self: {}", as_written(ty)),
        _ => "self".to_owned(),
    }
}

/// The `impl Trait` in a type, however deep.
fn hidden_in(ty: &Type) -> Option<TokenStream> {
    match plain(ty) {
        Type::ImplTrait(hidden) => Some(hidden.to_token_stream()),
        Type::Reference(reference) => hidden_in(&reference.elem),
        Type::Slice(slice) => hidden_in(&slice.elem),
        Type::Array(array) => hidden_in(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(hidden_in),
        Type::Path(path) => path.path.segments.iter().find_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => hidden_in(ty),
                _ => None,
            }),
            _ => None,
        }),
        _ => None,
    }
}

/// A type without the invisible group that a `macro_rules` puts around it.
fn plain(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => plain(&group.elem),
        Type::Paren(paren) => plain(&paren.elem),
        _ => ty,
    }
}
