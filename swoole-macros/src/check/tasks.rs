//! What task workers need.
//!
//! - `on_task` has an `on_finish`, and the reverse (C3).
//! - Where there is either there are `task_workers`, and the reverse; keys of task workers stand beside them (C4).

use super::{Found, Tasks, callbacks::Methods, keys::Keys, structure::Structure};
use crate::diagnostics::Fault;
use std::rc::Rc;
use swoole_vocabulary::{Feature, planned_callback};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) -> Option<Tasks> {
    let before = found.faults.len();
    let (on_task, on_finish) = (methods.planned("on_task"), methods.planned("on_finish"));
    // A name that is nearly one of the two has a message of its own.
    let is_there = |name: &str| methods.planned(name).is_some() || methods.is_meant(name);
    match (&on_task, &on_finish) {
        (Some(task), None) if !is_there("on_finish") => {
            let output = task.result_text().unwrap_or_else(|| "()".to_owned());
            found.push_of(
                Feature::Tasks,
                task.fault("`on_task` has no matching `on_finish`")
                    .note("what `on_task` returns travels back to the worker that asked, and nothing receives it")
                    .help(format!("add `{} {{}}`", line("on_finish").replace("output: Output", &format!("output: {output}")))),
            );
        }
        (None, Some(finish)) if !is_there("on_task") => {
            let output = finish.type_text(2).unwrap_or_else(|| "Output".to_owned());
            let line = line("on_task").replace("-> Output", &format!("-> {output}"));
            found.push_of(
                Feature::Tasks,
                finish
                    .fault("`on_finish` has no matching `on_task`")
                    .note("it receives what `on_task` returns, in the worker that asked")
                    .help(format!("add `{line} {{ … }}`")),
            );
        }
        _ => {}
    }
    let either = on_task.as_ref().or(on_finish.as_ref());
    match (either, structure.task_workers) {
        (Some(method), None) if !structure.has_task_workers && !keys.meant.contains(&"task_workers") => {
            found.push_of(
                Feature::Tasks,
                method
                    .fault(format!("`{}` never runs: there are no `task_workers`", method.name()))
                    .note("a task worker is a process that runs `on_task`, and without the key there is none")
                    .help("add `task_workers = 1` to the attribute"),
            );
        }
        (Some(_), Some(0)) => {
            let at = keys.planned("task_workers").and_then(|setting| setting.expression()).cloned().unwrap_or_default();
            found.push_of(
                Feature::Tasks,
                Fault::at(&at, "`task_workers` is 0, and there is an `on_task`")
                    .note("it would never run, and a server without task workers is compiled without it")
                    .help("write `task_workers = 1` or more, or remove `on_task` and `on_finish`"),
            );
        }
        (None, Some(1..)) if !is_there("on_task") && !is_there("on_finish") => {
            if let Some(setting) = keys.planned("task_workers") {
                found.push_of(
                    Feature::Tasks,
                    Fault::at(&setting.name, "`task_workers` without an `on_task`")
                        .note("task workers run `on_task`, and what it returns comes back in `on_finish`")
                        .help(format!("add `{} {{ … }}` and `{} {{}}`, or remove `task_workers`", line("on_task"), line("on_finish"))),
                );
            }
        }
        _ => {}
    }
    if either.is_none() && !structure.has_task_workers {
        for setting in keys.planned.iter().filter(|setting| setting.key.feature == Feature::Tasks) {
            found.push_of(
                Feature::Tasks,
                Fault::at(&setting.name, format!("`{}` without `task_workers`", setting.name))
                    .note("it is said of task workers, and there are none")
                    .help(format!("remove `{}`, or add `task_workers = 1` with `on_task` and `on_finish`", setting.name)),
            );
        }
        return None;
    }
    let signature = |method: &super::callbacks::PlannedMethod<'_>| method.signature.as_ref().map(Rc::clone);
    Some(Tasks {
        on_task: on_task.as_ref().and_then(|method| signature(method)),
        on_finish: on_finish.as_ref().and_then(|method| signature(method)),
        cfg: on_task.as_ref().and_then(|method| method.cfg.clone()),
        are_whole: found.faults.len() == before && !found.is_spoken_of(Feature::Tasks) && on_task.is_some() && on_finish.is_some(),
    })
}

fn line(name: &str) -> String {
    planned_callback(name).map(|planned| planned.callback.signature(None)).unwrap_or_default()
}
