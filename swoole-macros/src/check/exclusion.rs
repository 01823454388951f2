//! What excludes what, and what could never run.
//!
//! - `dispatch` is for processes, and affinity is not for threads; two frames exclude each other (C10; the frames in `frames` and `keys`).
//! - Where a session has no worker of its own, `on_connect` and `on_close` run with `unsafe_events = true` alone (C11).
//! - A heartbeat does not call idle what it looks at less often (C9).

use super::{
    Found, condition,
    keys::Keys,
    methods::Methods,
    structure::{Dispatch, Structure},
    values::{Known, known},
};
use crate::diagnostics::Fault;
use swoole_vocabulary::{Feature, TIME_UNITS};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    modes(keys, found);
    heartbeat(keys, found);
    keys.listeners.iter().for_each(|listener| heartbeat(&listener.keys, found));
    let Dispatch::Unordered(name) = structure.dispatch else { return };
    if structure.has_unsafe_events {
        return;
    }
    for method in methods.named("on_connect").chain(methods.named("on_close")) {
        // Told once: it is one line that is missing.
        let condition = condition::of(method, &mut Vec::new()).and(found.is_not_spoken_of(Feature::Dispatch));
        found.push_when(
            condition,
            Feature::Dispatch,
            Fault::at(&method.name, format!("`{}` never runs: by `dispatch = \"{name}\"` a session has no worker of its own", method.name))
                .note("what a session sends goes to any worker, so none could be told in order that it begins and ends")
                .help("add `unsafe_events = true` to the attribute, or write `dispatch = \"fixed\"`"),
        );
    }
    for listener in &keys.listeners {
        for (own, method) in listener.own.iter().filter(|(own, _)| matches!(own.name, "on_connect" | "on_close")) {
            let condition = found.is_not_spoken_of(Feature::Dispatch);
            found.push_when(
                condition,
                Feature::Dispatch,
                Fault::at(
                    method,
                    format!(
                        "{} never runs its `{}`: by `dispatch = \"{name}\"` a session has no worker of its own",
                        listener.words(),
                        own.name
                    ),
                )
                .note("what a session sends goes to any worker, so none could be told in order that it begins and ends")
                .help("add `unsafe_events = true` to the attribute, or write `dispatch = \"fixed\"`"),
            );
        }
    }
}

fn modes(keys: &Keys, found: &mut Found) {
    let Some((_, mode)) = &keys.planned_mode else { return };
    let excluded: &[(&str, &str)] = match *mode {
        "base" => &[("dispatch", "each worker accepts its own connections, so nothing is left to dispatch")],
        "thread" => &[
            ("cpu_affinity", "the workers are threads of one process, and the kernel moves them as it does others"),
            ("cpu_affinity_ignore", "the workers are threads of one process, and the kernel moves them as it does others"),
        ],
        _ => &[],
    };
    for (name, why) in excluded {
        let planned = keys.planned(name);
        let Some(at) = keys.setting(name).map(|setting| &setting.name).or(planned.map(|setting| &setting.name)) else { continue };
        found.push_of(
            Feature::Modes,
            Fault::at(at, format!("`{name}` and `mode = \"{mode}\"` exclude each other"))
                .note(why)
                .help(format!("remove `{name}`, or write `mode = \"process\"`")),
        );
        if let Some(setting) = planned {
            found.speak_of(setting.key.feature);
        }
    }
}

/// Of the server, or of one listener.
fn heartbeat(keys: &Keys, found: &mut Found) {
    let seconds = |name: &str| {
        let setting = keys.setting(name)?;
        match known(&setting.value, Some(TIME_UNITS)) {
            Known::Number(seconds) => Some((seconds, &setting.value)),
            _ => None,
        }
    };
    if let (Some((check, _)), Some((idle, value))) = (seconds("heartbeat_check"), seconds("heartbeat_idle"))
        && idle < check
    {
        found.push(
            Fault::at(value, format!("`idle` is {idle} seconds, less than `check`, which is {check}"))
                .note("a session that was just looked at could not be told from one that is idle")
                .help(format!("write `heartbeat(check = secs({idle}), idle = secs({}))`", idle.saturating_mul(2))),
        );
    }
}
