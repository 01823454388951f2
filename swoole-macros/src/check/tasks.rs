//! What task workers need.
//!
//! - `on_task` has an `on_finish`, and the reverse (C3).
//! - Where there is either there are `task_workers`, and the reverse; keys of task workers stand beside them (C4).

use super::{
    Found, Method, Tasks,
    condition::Condition,
    keys::Keys,
    methods::{Methods, PlannedMethod},
    structure::Structure,
};
use crate::diagnostics::{Fault, as_written};
use std::rc::Rc;
use swoole_vocabulary::{Feature, planned_callback};
use syn::{ReturnType, Type};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) -> Option<Tasks> {
    ends(methods, found);
    outputs(methods, found);
    let has_either = methods.presence("on_task").or(methods.presence("on_finish"));
    match structure.task_workers {
        None if !structure.has_task_workers && !keys.is_meant("task_workers") => no_task_workers(methods, found),
        Some(0) => zero_task_workers(keys, &has_either, found),
        Some(1..) => nothing_to_run(keys, &has_either, found),
        _ => {}
    }
    let has_methods = methods.planned("on_task").chain(methods.planned("on_finish")).next().is_some();
    if !has_methods && !structure.has_task_workers {
        keys_alone(keys, found);
    }
    has_methods.then(|| {
        let right = |name: &str| methods.planned(name).filter_map(right_shape).collect();
        let is_whole = methods.presence("on_task").and(methods.presence("on_finish")).and(found.is_not_spoken_of(Feature::Tasks));
        Tasks { on_task: right("on_task"), on_finish: right("on_finish"), are_whole_when: is_whole.tokens() }
    })
}

fn right_shape(method: &PlannedMethod<'_>) -> Option<Method> {
    let signature = Rc::clone(method.signature.as_ref()?);
    if method.name() == "on_task" && fault_of_output(&signature.output).is_some() {
        return None;
    }
    Some(Method { cfg: method.condition.tokens(), signature })
}

fn ends(methods: &Methods<'_>, found: &mut Found) {
    let no_finish = methods.presence("on_finish").not();
    for task in methods.planned("on_task") {
        let output = task.result_text().unwrap_or_else(|| "()".to_owned());
        let fault = Fault::at(task.name(), "`on_task` has no matching `on_finish`")
            .note("what `on_task` returns travels back to the worker that asked, and nothing receives it")
            .help(format!("add `{} {{}}`", line("on_finish").replace("output: Output", &format!("output: {output}"))));
        found.push_when(task.condition.clone().and(no_finish.clone()), Feature::Tasks, fault);
    }
    let no_task = methods.presence("on_task").not();
    for finish in methods.planned("on_finish") {
        let output = finish.type_text(2).unwrap_or_else(|| "Output".to_owned());
        let fault = Fault::at(finish.name(), "`on_finish` has no matching `on_task`")
            .note("it receives what `on_task` returns, in the worker that asked")
            .help(format!("add `{} {{ … }}`", line("on_task").replace("-> Output", &format!("-> {output}"))));
        found.push_when(finish.condition.clone().and(no_task.clone()), Feature::Tasks, fault);
    }
}

/// What `on_task` returns is a type that another process can make, and that `on_finish` can name.
fn outputs(methods: &Methods<'_>, found: &mut Found) {
    for task in methods.planned("on_task") {
        if let Some(fault) = task.signature.as_ref().and_then(|signature| fault_of_output(&signature.output)) {
            found.push_when(task.condition.clone(), Feature::Tasks, fault);
        }
        let job = task.signature.as_ref().and_then(|signature| signature.inputs.last());
        if let Some(job) = job.filter(|job| as_written(job).contains("'static")) {
            let fault = Fault::at(job, "`on_task` cannot keep a job for `'static`")
                .note("what a job borrows is read in place, and is there until `on_task` returns")
                .help("leave the lifetime out: `Task<&[u8]>`, `Task<Request<'_>>`");
            found.push_when(task.condition.clone(), Feature::Tasks, fault);
        }
    }
}

fn fault_of_output(output: &ReturnType) -> Option<Fault> {
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

fn no_task_workers(methods: &Methods<'_>, found: &mut Found) {
    // One message for both: it is one line that is missing.
    let mut told = Condition::Never;
    for method in methods.planned("on_task").chain(methods.planned("on_finish")) {
        let name = method.name();
        let fault = Fault::at(name, format!("`{name}` never runs: there are no `task_workers`"))
            .note("a task worker is a process that runs `on_task`, and without the key there is none")
            .help("add `task_workers = 1` to the attribute");
        found.push_when(method.condition.clone().and(told.clone().not()), Feature::Tasks, fault);
        told = told.or(method.condition.clone());
    }
}

fn zero_task_workers(keys: &Keys, has_either: &Condition, found: &mut Found) {
    let Some(value) = keys.planned("task_workers").and_then(|setting| setting.expression()) else { return };
    let fault = Fault::at(value, "`task_workers` is 0, and there is an `on_task`")
        .note("it would never run, and a server without task workers is compiled without it")
        .help("write `task_workers = 1` or more, or remove `on_task` and `on_finish`");
    found.push_when(has_either.clone(), Feature::Tasks, fault);
}

fn nothing_to_run(keys: &Keys, has_either: &Condition, found: &mut Found) {
    let Some(setting) = keys.planned("task_workers") else { return };
    let fault = Fault::at(&setting.name, "`task_workers` without an `on_task`")
        .note("task workers run `on_task`, and what it returns comes back in `on_finish`")
        .help(format!("add `{} {{ … }}` and `{} {{}}`, or remove `task_workers`", line("on_task"), line("on_finish")));
    found.push_when(has_either.clone().not(), Feature::Tasks, fault);
}

fn keys_alone(keys: &Keys, found: &mut Found) {
    for setting in keys.planned.iter().filter(|setting| setting.key.feature == Feature::Tasks) {
        let name = &setting.name;
        let fault = Fault::at(name, format!("`{name}` without `task_workers`"))
            .note("it is said of task workers, and there are none")
            .help(format!("remove `{name}`, or add `task_workers = 1` with `on_task` and `on_finish`"));
        found.push_of(Feature::Tasks, fault);
    }
}

fn line(name: &str) -> String {
    planned_callback(name).map(|planned| planned.callback.signature(None)).unwrap_or_default()
}
