//! What a listener needs, and what it cannot have.
//!
//! - One with sessions has `on_connect`, `on_receive` and `on_close`: the main one in `callbacks`, another of its own, or those (C1).
//! - One for datagrams has `on_packet` (C2), and no frame (C15).

use super::{
    Found,
    keys::Keys,
    listener::{CALLBACKS_OF_SESSIONS, WrittenListener},
    methods::Methods,
    structure::{Structure, scheme},
};
use crate::diagnostics::Fault;
use swoole_vocabulary::{Callback, Feature, callback, planned_callback};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    let others = || keys.listeners.iter().map(|listener| (listener, scheme(&listener.keys, &mut Found::default()).is_datagram()));
    let is_main = structure.listener.is_datagram();
    if is_main {
        // The others' sessions have no callbacks to fall back to that anybody has missed.
        for (listener, _) in others().filter(|(_, is_datagram)| !is_datagram) {
            callbacks_of_sessions(listener, methods, found);
        }
    }
    if is_main || others().any(|(_, is_datagram)| is_datagram) {
        on_packet(methods, found);
    }
    if is_main {
        frame(keys, found);
    }
    for (listener, _) in others().filter(|(_, is_datagram)| *is_datagram) {
        frame(&listener.keys, found);
    }
}

fn callbacks_of_sessions(listener: &WrittenListener, methods: &Methods<'_>, found: &mut Found) {
    for callback in CALLBACKS_OF_SESSIONS.into_iter().filter_map(callback) {
        let is_own = listener.own.iter().any(|(own, _)| own.name == callback.name);
        if !is_own {
            let is_missing = methods.is_there_when(callback.name).not();
            found.faults.extend(is_missing.restrict(missing(listener, callback)));
        }
    }
}

fn missing(listener: &WrittenListener, callback: &Callback) -> Fault {
    Fault::at(&listener.place(), format!("{} has no `{}`", listener.words(), callback.name))
        .note(callback.needed_because.unwrap_or_default())
        .help(format!("add `{} {{}}`", callback.signature(None)))
}

fn on_packet(methods: &Methods<'_>, found: &mut Found) {
    let is_missing = methods.presence("on_packet").not();
    if is_missing.is_never() {
        return;
    }
    let line = planned_callback("on_packet").map(|planned| planned.callback.signature(None)).unwrap_or_default();
    found.push_when(
        is_missing,
        Feature::Datagrams,
        Fault::at(&methods.name_of_type(), format!("`{}` has no `on_packet`", methods.name_of_type()))
            .note("a datagram listener runs it for each packet, and nothing else reads those")
            .help(format!("add `{line} {{}}`")),
    );
}

/// Of a datagram listener with these keys.
fn frame(keys: &Keys, found: &mut Found) {
    let Some(frame) = keys.planned("frame") else { return };
    let listen = keys.setting("listen").map(|setting| setting.value.clone()).unwrap_or_default();
    found.push_of(
        Feature::Framing,
        Fault::at(&frame.name, "a datagram listener has no frame")
            .note(format!("`{listen}` receives packets, each of which is whole, one for each call of `on_packet`"))
            .help("remove `frame`"),
    );
    found.speak_of(Feature::Datagrams);
}
