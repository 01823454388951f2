//! The rows of the dispatch table.
//!
//! - A server with sessions has `on_connect`, `on_receive` and `on_close` (C1).
//! - A callback stands there once, or once for each `cfg` (C13); two of one name are for the compiler to refuse.
//! - `cfg` on a callback is written as such.

use super::{
    Found, Method, Row, Written,
    condition::{self, Condition},
    messages,
    methods::{Methods, name_of, name_tokens},
    shape,
    structure::{Dispatch, Structure},
    tasks,
};
use crate::{
    diagnostics::Fault,
    read::{self, Block, Signature},
};
use std::rc::Rc;
use swoole_vocabulary::{CALLBACKS, Callback, Returns};
use syn::Generics;

pub(super) fn rows(methods: &Methods<'_>, structure: &Structure, found: &mut Found) -> Vec<Row> {
    let is_needed = |callback: &Callback| {
        let runs = match structure.dispatch {
            Dispatch::Ordered => true,
            Dispatch::Unordered(_) => callback.name == "on_receive",
        };
        runs && !structure.listener.is_datagram()
    };
    let because = |callback: &Callback| callback.needed_because.filter(|_| is_needed(callback));
    CALLBACKS.iter().map(|callback| row_of(methods, callback, callback.name, because(callback), &mut found.faults)).collect()
}

/// The row of this callback, of the methods of this name; with why it must be there, if it must.
pub(super) fn row_of(
    methods: &Methods<'_>,
    callback: &'static Callback,
    name: &str,
    because: Option<&str>,
    faults: &mut Vec<Fault>,
) -> Row {
    let mut presence = Condition::Never;
    let mut usable: Vec<Method> = Vec::new();
    let mut is_whole = true;
    for method in methods.named(name) {
        let mut of_method = Vec::new();
        let condition = condition::of(method, &mut of_method);
        let signature = signature_of(callback, method, &methods.block.generics, &mut of_method);
        is_whole &= signature.is_some() && of_method.is_empty();
        faults.extend(of_method.into_iter().filter_map(|fault| condition.clone().restrict(fault)));
        // Where two conditions hold at once the compiler refuses the second method, and the table has a row for the first.
        let alone = condition.clone().and(presence.clone().not());
        is_whole &= !alone.is_never();
        usable.extend(signature.map(|signature| Method { cfg: alone.tokens(), signature }));
        presence = presence.or(condition);
    }
    if let Some(because) = because {
        let is_near = presence.clone().or(methods.is_meant_when(name));
        faults.extend(is_near.not().restrict(missing(methods.block, callback, because)));
    }
    let written = match presence {
        // One that is nearly there is the state's, too.
        Condition::Never if !methods.is_meant_when(name).is_never() => Written::Unusable,
        Condition::Never => Written::Absent,
        _ if is_whole => Written::Present(usable),
        _ => Written::Unusable,
    };
    Row { callback, method: written }
}

fn signature_of(callback: &Callback, method: &read::Method, block: &Generics, faults: &mut Vec<Fault>) -> Option<Rc<syn::Signature>> {
    let Signature::Whole(signature) = &method.signature else { return None };
    let misshapen = shape::faults(callback, signature, block);
    let is_right = misshapen.is_empty()
        && !shape::has_a_parameter_without_size(signature)
        && (callback.returns != Returns::Output
            || tasks::fault_of_output(&signature.output).is_none() && tasks::fault_of_job(signature).is_none())
        && (callback.name != "on_pipe_message" || messages::fault_of_message(signature, block).is_none());
    faults.extend(misshapen);
    is_right.then(|| Rc::clone(signature))
}

fn missing(block: &Block, callback: &Callback, because: &str) -> Fault {
    let name = name_of(&block.self_ty);
    Fault::at(&name_tokens(&block.self_ty), format!("`{name}` has no `{}`", callback.name))
        .note(because)
        .help(format!("add `{} {{}}`", callback.signature(None)))
}
