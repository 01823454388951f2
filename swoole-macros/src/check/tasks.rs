//! What task workers need.
//!
//! - `on_task` has an `on_finish`, and the reverse (C3).
//! - Where there is either there are `task_workers`, and the reverse; keys of task workers stand beside them (C4).
//! - `task_max_request_grace` stands beside `task_max_request` (C4).

use super::{
    Found,
    condition::{self, Condition},
    keys::Keys,
    methods::Methods,
    structure::Structure,
};
use crate::{
    diagnostics::{Fault, as_written},
    read::{Method, Signature},
};
use swoole_vocabulary::{KEYS, callback};
use syn::{FnArg, ReturnType, Type};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    ends(methods, found);
    outputs(methods, found);
    let has_either = methods.is_there_when("on_task").or(methods.is_there_when("on_finish"));
    match structure.task_workers {
        None if !structure.has_task_workers && !keys.is_meant("task_workers") => no_task_workers(methods, found),
        Some(0) => zero_task_workers(keys, &has_either, found),
        Some(1..) => nothing_to_run(keys, &has_either, found),
        _ => {}
    }
    let has_methods = methods.named("on_task").chain(methods.named("on_finish")).next().is_some();
    if !has_methods && !structure.has_task_workers {
        keys_alone(keys, methods, found);
    } else {
        grace_alone(keys, found);
    }
}

fn condition(method: &Method) -> Condition {
    condition::of(method, &mut Vec::new())
}

fn signature(method: &Method) -> Option<&syn::Signature> {
    match &method.signature {
        Signature::Whole(signature) => Some(signature),
        Signature::Broken => None,
    }
}

fn ends(methods: &Methods<'_>, found: &mut Found) {
    let no_finish = methods.is_there_when("on_finish").not();
    for task in methods.named("on_task") {
        let output = match signature(task).map(|signature| &signature.output) {
            Some(ReturnType::Type(_, ty)) => as_written(ty),
            _ => "()".to_owned(),
        };
        let fault = Fault::at(&task.name, "`on_task` has no matching `on_finish`")
            .note("what `on_task` returns travels back to the worker that asked, and nothing receives it")
            .help(format!("add `{} {{}}`", line("on_finish").replace("output: Output", &format!("output: {output}"))));
        found.faults.extend(condition(task).and(no_finish.clone()).restrict(fault));
    }
    let no_task = methods.is_there_when("on_task").not();
    for finish in methods.named("on_finish") {
        let output = signature(finish).and_then(|signature| match signature.inputs.iter().nth(3) {
            Some(FnArg::Typed(parameter)) => Some(as_written(&parameter.ty)),
            _ => None,
        });
        let output = output.unwrap_or_else(|| "Output".to_owned());
        let fault = Fault::at(&finish.name, "`on_finish` has no matching `on_task`")
            .note("it receives what `on_task` returns, in the worker that asked")
            .help(format!("add `{} {{ … }}`", line("on_task").replace("-> Output", &format!("-> {output}"))));
        found.faults.extend(condition(finish).and(no_task.clone()).restrict(fault));
    }
}

/// What `on_task` returns is a type that another process can make, and that `on_finish` can name.
fn outputs(methods: &Methods<'_>, found: &mut Found) {
    for task in methods.named("on_task") {
        let Some(signature) = signature(task) else { continue };
        let mut faults = Vec::from_iter(fault_of_output(&signature.output));
        faults.extend(fault_of_job(signature));
        found.faults.extend(faults.into_iter().filter_map(|fault| condition(task).restrict(fault)));
    }
}

/// A return type that no other process could make, or that nobody could name.
pub(super) fn fault_of_output(output: &ReturnType) -> Option<Fault> {
    let ReturnType::Type(_, ty) = output else { return None };
    let (what, why) = match **ty {
        Type::Reference(_) => {
            ("`on_task` cannot return a reference", "what it returns is written into shared memory, and read in another process")
        }
        Type::ImplTrait(_) => ("what `on_task` returns has no name", "`on_finish` takes the same type, and has to write it"),
        _ => return None,
    };
    Some(Fault::at(ty, what).note(why).help("return an owned type that has a name, such as `String` or `Vec<u8>`"))
}

/// A job that would have to be there for ever.
pub(super) fn fault_of_job(signature: &syn::Signature) -> Option<Fault> {
    let job = signature.inputs.last().filter(|job| as_written(job).contains("'static"))?;
    let fault = Fault::at(job, "`on_task` cannot keep a job for `'static`");
    Some(
        fault
            .note("what a job borrows is read in place, and is there until `on_task` returns")
            .help("leave the lifetime out: `Task<&[u8]>`, `Task<Request<'_>>`"),
    )
}

fn no_task_workers(methods: &Methods<'_>, found: &mut Found) {
    // One message for both: it is one line that is missing.
    let mut told = Condition::Never;
    for method in methods.named("on_task").chain(methods.named("on_finish")) {
        let name = &method.name;
        let fault = Fault::at(name, format!("`{name}` never runs: there are no `task_workers`"))
            .note("a task worker is a process that runs `on_task`, and without the key there is none")
            .help("add `task_workers = 1` to the attribute");
        found.faults.extend(condition(method).and(told.clone().not()).restrict(fault));
        told = told.or(condition(method));
    }
}

fn zero_task_workers(keys: &Keys, has_either: &Condition, found: &mut Found) {
    let Some(setting) = keys.setting("task_workers") else { return };
    let fault = Fault::at(&setting.value, "`task_workers` is 0, and there is an `on_task`")
        .note("it would never run, and a server without task workers is compiled without it")
        .help("write `task_workers = 1` or more, or remove `on_task` and `on_finish`");
    found.faults.extend(has_either.clone().restrict(fault));
}

fn nothing_to_run(keys: &Keys, has_either: &Condition, found: &mut Found) {
    let Some(setting) = keys.setting("task_workers") else { return };
    let fault = Fault::at(&setting.name, "`task_workers` without an `on_task`")
        .note("task workers run `on_task`, and what it returns comes back in `on_finish`")
        .help(format!("add `{} {{ … }}` and `{} {{}}`, or remove `task_workers`", line("on_task"), line("on_finish")));
    found.faults.extend(has_either.clone().not().restrict(fault));
}

fn keys_alone(keys: &Keys, methods: &Methods<'_>, found: &mut Found) {
    let of_tasks = KEYS.iter().filter(|key| key.name.starts_with("task_") && key.name != "task_workers");
    for setting in of_tasks.filter_map(|key| keys.setting(key.name)) {
        let name = &setting.name;
        let fault = Fault::at(name, format!("`{name}` without `task_workers`"));
        if setting.key.name == "task_tmpdir" {
            let fault = fault
                .note("jobs and messages lie there that are too large for their cell, and there are neither")
                .help(format!("remove `{name}`, or add `task_workers = 1` with `on_task` and `on_finish`, or `on_pipe_message`"));
            found.faults.extend(methods.is_there_when("on_pipe_message").not().restrict(fault));
        } else {
            found.push(
                fault
                    .note("it is said of task workers, and there are none")
                    .help(format!("remove `{name}`, or add `task_workers = 1` with `on_task` and `on_finish`")),
            );
        }
    }
}

fn grace_alone(keys: &Keys, found: &mut Found) {
    let Some(grace) = keys.setting("task_max_request_grace") else { return };
    if keys.is_there("task_max_request") || keys.is_meant("task_max_request") {
        return;
    }
    found.push(
        Fault::at(&grace.name, "`task_max_request_grace` without `task_max_request`")
            .note("it is how many jobs more than that a task worker does, and without that it goes on for ever")
            .help("add `task_max_request = 1000` to the attribute, or remove `task_max_request_grace`"),
    );
}

fn line(name: &str) -> String {
    callback(name).map(|callback| callback.signature(None)).unwrap_or_default()
}
