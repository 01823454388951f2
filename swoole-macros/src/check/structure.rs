//! The keys that decide what is compiled in, as far as the other rules ask for them.
//!
//! - Each is a literal: it is needed before any value is known.
//! - `mode` and `dispatch` name something there is (C6); `unsafe_events` is a switch (C9), and one for an unordered `dispatch` (C10).
//! - `timers` are periods of at least one millisecond, and a unix socket has no port (C9).

use super::{
    Found, Setting,
    frames::{self, is_function},
    keys::{Keys, PlannedSetting},
    values::{Known, known},
};
use crate::diagnostics::{Fault, listed};
use proc_macro2::TokenStream;
use quote::ToTokens;
use swoole_vocabulary::{Feature, PLANNED_DISPATCHES, PLANNED_MODES, Scheme, Suggestion, dispatch_meant, mode_meant};
use syn::{Expr, Lit};

/// What is compiled in.
pub(super) struct Structure {
    /// The kind of socket of the main one: TCP for an address that comes at run time.
    pub(super) listener: Scheme,
    /// `None` where the key is not there, or is no literal.
    pub(super) task_workers: Option<i128>,
    /// Whether there is such a key at all.
    pub(super) has_task_workers: bool,
    /// How many periods stand there; `None` where the key does not, or is wrong.
    pub(super) timers: Option<usize>,
    pub(super) has_timers: bool,
    /// As it is compiled in; `None` where there is none, or a wrong one.
    pub(super) dispatching: Option<Dispatching>,
    pub(super) dispatch: Dispatch,
    pub(super) has_unsafe_events: bool,
}

/// How what sessions send finds its worker.
#[derive(Clone)]
pub(crate) enum Dispatching {
    /// By its name.
    Mode(&'static str),
    /// A function of the user's own.
    Function(TokenStream),
}

/// How a session finds its worker.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dispatch {
    /// One worker for all that a session sends.
    Ordered,
    /// Whichever worker: this name.
    Unordered(&'static str),
}

pub(super) fn read(keys: &Keys, found: &mut Found) -> Structure {
    let listener = scheme(keys, found);
    for other in &keys.listeners {
        scheme(&other.keys, found);
        if let Some(frame) = other.keys.planned("frame") {
            frames::check(frame, found);
        }
    }
    if let Some(frame) = keys.planned("frame") {
        frames::check(frame, found);
    }
    frames::check_length_without_frame(keys, found);
    let dispatching = keys.planned("dispatch").and_then(|setting| dispatch(setting, found));
    let dispatch = match dispatching {
        Some(Dispatching::Mode(name)) if PLANNED_DISPATCHES.contains(&(name, false)) => Dispatch::Unordered(name),
        _ => Dispatch::Ordered,
    };
    let events = keys.planned("unsafe_events");
    if let Some(setting) = events {
        unsafe_events(setting, dispatch, dispatching.is_some() || keys.planned("dispatch").is_none(), found);
    }
    Structure {
        listener,
        task_workers: keys.setting("task_workers").and_then(|setting| task_workers(setting, found)),
        has_task_workers: keys.is_there("task_workers"),
        timers: keys.setting("timers").and_then(timers),
        has_timers: keys.is_there("timers"),
        dispatching,
        dispatch,
        has_unsafe_events: events.and_then(PlannedSetting::expression).is_some_and(|value| known(value, None) != Known::Switch(false)),
    }
}

/// The kind of socket of a listener with these keys.
pub(super) fn scheme(keys: &Keys, found: &mut Found) -> Scheme {
    let Some(value) = keys.setting("listen").map(|setting| &setting.value) else { return Scheme::Tcp };
    let Known::Text(url) = known(value, None) else { return Scheme::Tcp };
    let scheme = Scheme::of(&url).unwrap_or(Scheme::Tcp);
    if let Some(fault) = fault_of_path(&url, value) {
        found.push(fault);
        found.speak_of(Feature::Datagrams);
    }
    scheme
}

/// The path of a unix socket that ends like a port.
pub(super) fn path_before_port(url: &str) -> Option<&str> {
    let (path, port) = url.rsplit_once(':').filter(|(rest, _)| rest.contains("://"))?;
    let is_unix = Scheme::of(url).is_some_and(Scheme::is_unix);
    (is_unix && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(path)
}

/// `unix:///path:0`: a port would be part of the path.
fn fault_of_path(url: &str, value: &TokenStream) -> Option<Fault> {
    path_before_port(url).map(|path| {
        Fault::at(value, "`listen` names a unix socket with a port")
            .note("a unix socket is a path, and the port would become part of it")
            .help(format!("write `listen = \"{path}\"`"))
    })
}

/// The mode that stands there and is not there yet, if it is one.
pub(super) fn mode(value: &TokenStream) -> Result<Option<&'static str>, Fault> {
    let write = "write `mode = \"process\"`";
    let Known::Text(mode) = known(value, None) else {
        return Err(Fault::at(value, "`mode` takes a string literal")
            .note("it decides which parts of the server are compiled in, before any value is known")
            .help(write));
    };
    if mode == "process" {
        return Ok(None);
    }
    if let Some(planned) = PLANNED_MODES.iter().find(|planned| **planned == mode) {
        return Ok(Some(planned));
    }
    let not_yet = format!("the mode of this release is \"process\"; {} are not there yet", listed(PLANNED_MODES.iter().copied()));
    let fault = Fault::at(value, format!("there is no mode `{mode}`"));
    Err(match mode_meant(&mode) {
        Some(Suggestion::Known(near)) => fault.note(format!("there is a mode `{near}`")).help(write),
        _ => fault.note(not_yet).help(write),
    })
}

/// The number, where it can be seen; its range is looked at as that of every key.
fn task_workers(setting: &Setting, found: &mut Found) -> Option<i128> {
    match known(&setting.value, None) {
        Known::Number(number) => Some(number),
        _ => {
            found.push(
                Fault::at(&setting.value, "`task_workers` takes a number literal")
                    .note("it decides whether tasks are compiled in, before any value is known; a number can be overridden at run time")
                    .help("write `task_workers = 4`"),
            );
            None
        }
    }
}

/// What is wrong with a list of periods.
pub(super) fn fault_of_periods(value: &TokenStream) -> Option<Fault> {
    let write = "write `timers = [1000]`, for one that runs every second";
    let Ok(Expr::Array(periods)) = syn::parse2::<Expr>(value.clone()) else {
        let why = "it decides whether timers are compiled in, before any value is known";
        return Some(Fault::at(value, "`timers` takes a list of numbers, in milliseconds").note(why).help(write));
    };
    let is_a_period = |period: &&Expr| matches!(known(&period.to_token_stream(), None), Known::Number(1..=LONGEST));
    let wrong = periods.elems.iter().find(|period| !is_a_period(period))?;
    let fault = Fault::at(wrong, "a period of `timers` is a number of milliseconds, at least 1");
    Some(fault.note("a timer runs each time its period is over").help(write))
}

/// The longest period that there is.
const LONGEST: i128 = u64::MAX as i128;

/// How many periods stand there.
fn timers(setting: &Setting) -> Option<usize> {
    match syn::parse2::<Expr>(setting.value.clone()) {
        Ok(Expr::Array(periods)) => Some(periods.elems.len()),
        _ => None,
    }
}

fn unsafe_events(setting: &PlannedSetting, dispatch: Dispatch, is_dispatch_right: bool, found: &mut Found) {
    if !setting.expression().is_some_and(|value| matches!(known(value, None), Known::Switch(_))) {
        let fault = Fault::at(&setting.name, "`unsafe_events` takes `true` or `false`")
            .note("it decides whether `on_connect` and `on_close` are compiled in, before any value is known")
            .help("write `unsafe_events = true`");
        return found.push_of(Feature::Dispatch, fault);
    }
    if dispatch == Dispatch::Ordered && is_dispatch_right {
        let unordered = listed(PLANNED_DISPATCHES.iter().filter(|(_, is_ordered)| !is_ordered).map(|(name, _)| *name));
        let fault = Fault::at(&setting.name, "`unsafe_events` without a `dispatch` that needs it")
            .note(format!("`on_connect` and `on_close` run in any case, but for {unordered}, where a session has no worker of its own"))
            .help("remove `unsafe_events`, or write `dispatch = \"idle\"`");
        found.push_of(Feature::Dispatch, fault);
    }
}

fn dispatch(setting: &PlannedSetting, found: &mut Found) -> Option<Dispatching> {
    let names = || listed(PLANNED_DISPATCHES.iter().map(|(name, _)| *name));
    let write = "write `dispatch = \"fixed\"`";
    let Some(value) = setting.expression() else {
        let fault = Fault::at(&setting.name, "`dispatch` has no value").note(format!("the ways to dispatch are {}", names())).help(write);
        found.push_of(Feature::Dispatch, fault);
        return None;
    };
    match syn::parse2::<Expr>(value.clone()) {
        Ok(Expr::Lit(literal)) if matches!(literal.lit, Lit::Str(_)) => {}
        Ok(expression) if is_function(&expression) => {
            let word = expression.to_token_stream().to_string();
            if PLANNED_DISPATCHES.iter().any(|(name, _)| *name == word) {
                let fault = Fault::at(value, "`dispatch` takes a text in quotes").note("a word without quotes is the name of a function");
                found.push_of(Feature::Dispatch, fault.help(format!("write `dispatch = \"{word}\"`")));
                return None;
            }
            return Some(Dispatching::Function(expression.to_token_stream()));
        }
        _ => {
            let why = "it decides which way to dispatch is compiled in, before any value is known";
            found.push_of(
                Feature::Dispatch,
                Fault::at(value, "`dispatch` takes a string literal, or the name of a function").note(why).help(write),
            );
            return None;
        }
    }
    let Known::Text(name) = known(value, None) else { return None };
    match PLANNED_DISPATCHES.iter().find(|(known, _)| *known == name) {
        Some((name, _)) => Some(Dispatching::Mode(name)),
        None => {
            let fault = Fault::at(value, format!("there is no dispatch `{name}`"));
            found.push_of(
                Feature::Dispatch,
                match dispatch_meant(&name) {
                    Some(near) => fault.note(format!("there is a dispatch `{near}`")).help(format!("write `dispatch = \"{near}\"`")),
                    None => fault.note(format!("the ways to dispatch are {}", names())).help(write),
                },
            );
            None
        }
    }
}
