//! What excludes what, and what could never run.
//!
//! - `dispatch` is for processes, and affinity is not for threads; two frames exclude each other (C10; the frames in `frames` and `keys`).
//! - Where a session has no worker of its own, `on_connect` and `on_close` run with `unsafe_events = true` alone (C11).
//! - A heartbeat does not call idle what it looks at less often (C9).

use super::{
    Found, condition,
    keys::{Keys, PlannedValue},
    methods::Methods,
    structure::{Dispatch, Structure},
    values::{Known, known},
};
use crate::{
    diagnostics::Fault,
    read::{Entry, attribute},
};
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

fn heartbeat(keys: &Keys, found: &mut Found) {
    let Some(setting) = keys.planned("heartbeat") else { return };
    let PlannedValue::Parts(inside) = &setting.value else {
        found.push_of(
            Feature::Idle,
            Fault::at(&setting.name, "`heartbeat` has parts")
                .note("`check` is how often a listener looks, `idle` how long a session may be silent")
                .help("write `heartbeat(check = secs(60), idle = secs(120))`"),
        );
        return;
    };
    let (mut check, mut idle) = (None, None);
    for entry in attribute(inside.clone()) {
        let Entry::Key { name, value } = entry else { continue };
        let seconds = match known(&value, Some(TIME_UNITS)) {
            Known::Number(seconds) => Some(seconds),
            _ => None,
        };
        if name == "check" {
            check = seconds;
        } else if name == "idle" {
            idle = seconds.map(|seconds| (seconds, value));
        } else {
            found.push_of(
                Feature::Idle,
                Fault::at(&name, format!("`heartbeat` has no part `{name}`"))
                    .note("`check` is how often a listener looks, `idle` how long a session may be silent")
                    .help("write `heartbeat(check = secs(60), idle = secs(120))`"),
            );
        }
    }
    if let (Some(check), Some((idle, value))) = (check, idle)
        && idle < check
    {
        found.push_of(
            Feature::Idle,
            Fault::at(&value, format!("`idle` is {idle} seconds, less than `check`, which is {check}"))
                .note("a session that was just looked at could not be told from one that is idle")
                .help(format!("write `heartbeat(check = secs({idle}), idle = secs({}))`", idle.saturating_mul(2))),
        );
    }
}
