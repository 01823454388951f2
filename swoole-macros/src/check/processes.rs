//! User processes: each `add_process` of the attribute.
//!
//! - It has a `name` and a `run`, once each, and no other part (C6).
//! - Its name is one word in quotes, and no other has the same (C9, C13).
//! - What it runs is a function of this block (C6), and takes a `&UserProcess<Self>` and no `self` (C7).

use super::{
    Found, Method,
    condition::{self, Condition},
    methods::Methods,
    shape,
    values::text_in_quotes,
};
use crate::{
    diagnostics::{Fault, as_written, line_to_write, listed},
    read::{Entry, Signature, attribute},
};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use std::rc::Rc;
use swoole_vocabulary::{ADD_PROCESS_EXAMPLE, RUN_OF_PROCESS, fault_of_process_name, nearest};
use syn::ext::IdentExt;

/// Why an `add_process` has the parts that it has.
pub(super) const PARTS: &str = "`name` is what people call the process, and `run` the function of this block that it runs";

/// A user process of the attribute.
pub(crate) struct Process {
    pub(crate) name: String,
    /// What it runs: one function, or several of which `cfg` picks one.
    pub(crate) runs: Vec<Method>,
}

/// One as it was written.
pub(super) struct WrittenProcess {
    pub(super) keyword: Ident,
    pub(super) inside: TokenStream,
}

pub(super) fn check(written: &[WrittenProcess], methods: &Methods<'_>, found: &mut Found) -> Vec<Process> {
    let mut names: Vec<String> = Vec::new();
    let (mut processes, mut functions) = (Vec::new(), Vec::new());
    for WrittenProcess { keyword, inside } in written {
        let parts = parts(keyword, inside, found);
        let name = parts.name.and_then(|value| name(&value, &names, found));
        names.extend(name.clone());
        let runs = parts.run.map(|value| runs(&value, methods, &mut functions, found)).unwrap_or_default();
        if let Some(name) = name
            && !runs.is_empty()
        {
            processes.push(Process { name, runs });
        }
    }
    processes
}

#[derive(Default)]
struct Parts {
    name: Option<TokenStream>,
    run: Option<TokenStream>,
}

fn parts(keyword: &Ident, inside: &TokenStream, found: &mut Found) -> Parts {
    let mut parts = Parts::default();
    let mut is_whole = true;
    for entry in attribute(inside.clone()) {
        let (at, what) = match entry {
            Entry::Key { name, value } => {
                let text = name.to_string();
                let part = match text.as_str() {
                    "name" => Some(&mut parts.name),
                    "run" => Some(&mut parts.run),
                    _ => None,
                };
                match part {
                    Some(part @ None) => {
                        *part = Some(value);
                        continue;
                    }
                    Some(Some(_)) => (name.to_token_stream(), format!("`{text}` stands twice in this `add_process`")),
                    None => (name.to_token_stream(), format!("`add_process` has no part `{text}`")),
                }
            }
            Entry::WithoutValue { name } | Entry::Group { name, .. } | Entry::Separated { name, .. } => {
                let what = format!("`{name}` is not a part of `add_process` with its value");
                (name.to_token_stream(), what)
            }
            Entry::Nothing(comma) => (comma.into(), "there is nothing before this comma".to_owned()),
            Entry::Stray(tokens) => (tokens, "this is not a part of `add_process`".to_owned()),
        };
        is_whole = false;
        found.push(Fault::at(&at, what).note(PARTS).help(format!("write `{ADD_PROCESS_EXAMPLE}`")));
    }
    let missing: Vec<&str> =
        [("name", parts.name.is_none()), ("run", parts.run.is_none())].into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
    // Where something else was wrong, it may be what was meant.
    if is_whole && !missing.is_empty() {
        found.push(
            Fault::at(keyword, format!("this `add_process` has no {}", listed(missing.iter().copied())))
                .note(PARTS)
                .help(format!("write `{ADD_PROCESS_EXAMPLE}`")),
        );
    }
    parts
}

fn name(value: &TokenStream, others: &[String], found: &mut Found) -> Option<String> {
    let Some(name) = text_in_quotes(value) else {
        found.push(
            Fault::at(value, "the name of a user process is a text in quotes")
                .note("two of one name would be one fault, which is looked for before any value is computed")
                .help("write `name = \"metrics\"`"),
        );
        return None;
    };
    if let Some(what) = fault_of_process_name(&name) {
        found.push(
            Fault::at(value, format!("the name of this user process {what}"))
                .note("it stands in the log, in `status` and in lists of processes, as one word")
                .help("write `name = \"metrics\"`"),
        );
        return None;
    }
    if others.contains(&name) {
        found.push(
            Fault::at(value, format!("two user processes are called `{name}`"))
                .note("a user process is known by its name: in the log, and to who sends it a message")
                .help(format!("write `name = \"{name}-2\"`")),
        );
        return None;
    }
    Some(name)
}

/// `functions`: those of the ones before, whose faults have been said.
fn runs(value: &TokenStream, methods: &Methods<'_>, functions: &mut Vec<String>, found: &mut Found) -> Vec<Method> {
    let as_text = text_in_quotes(value);
    let bare = as_text.clone().unwrap_or_else(|| as_written(value));
    let bare = bare.rsplit("::").next().unwrap_or_default().trim().trim_end_matches("()").to_owned();
    let Ok(function) = syn::parse2::<Ident>(value.clone()) else {
        let write = if syn::parse_str::<Ident>(&bare).is_ok() { &bare } else { "collect_metrics" };
        found.push(
            Fault::at(value, "`run` names a function of this block")
                .note("the attribute reads the functions of its own block, and no others")
                .help(format!("write `run = {write}`")),
        );
        return Vec::new();
    };
    let name = function.unraw().to_string();
    let mut presence = Condition::Never;
    let mut usable = Vec::new();
    for method in methods.named(&name) {
        let mut faults = Vec::new();
        let condition = condition::of(method, &mut faults);
        if let Signature::Whole(signature) = &method.signature {
            faults.extend(shape::faults(&RUN_OF_PROCESS, signature, &methods.block.generics));
            let alone = condition.clone().and(presence.clone().not());
            if faults.is_empty() && !shape::has_a_parameter_without_size(signature) && !alone.is_never() {
                usable.push(Method { cfg: alone.tokens(), signature: Rc::clone(signature) });
            }
        }
        if !functions.contains(&name) {
            found.faults.extend(faults.into_iter().filter_map(|fault| condition.clone().restrict(fault)));
        }
        presence = presence.or(condition);
    }
    functions.push(name);
    if presence.is_never() {
        found.push(no_such_function(&function, methods));
    }
    usable
}

fn no_such_function(function: &Ident, methods: &Methods<'_>) -> Fault {
    let names: Vec<String> = methods.block.methods.iter().map(|method| method.name.to_string()).collect();
    let near = nearest(&function.to_string(), names.iter().map(|name| (name.as_str(), [].as_slice())));
    let fault = Fault::at(function, format!("there is no function `{function}` in this block"))
        .note("a user process runs a function of the block, in a process of its own");
    match near {
        Some(near) => fault.help(format!("write `run = {near}`")),
        None => {
            let line = RUN_OF_PROCESS.signature(None).replacen(RUN_OF_PROCESS.name, &function.to_string(), 1);
            fault.help(format!("add `{line} {{}}`"))
        }
    }
}

/// The line to write for what a user process runs, by the name that it has.
pub(super) fn line_of_run(signature: &syn::Signature) -> String {
    line_to_write(&RUN_OF_PROCESS, signature).replacen(RUN_OF_PROCESS.name, &signature.ident.to_string(), 1)
}
