//! What a listener needs, and what it cannot have.
//!
//! - One with sessions has `on_connect`, `on_receive` and `on_close`: the main one in `callbacks`, another of its own, or those (C1).
//! - One for datagrams has `on_packet` (C2), its own or that of the block, and no frame (C15).
//! - It names no callback of its own that it never runs, and the block has no `on_packet` that no listener runs (C2).

use super::{
    Found,
    keys::Keys,
    listener::{CALLBACKS_OF_SESSIONS, WrittenListener},
    methods::Methods,
    structure::{Structure, scheme},
    values::{Known, known},
};
use crate::diagnostics::{Fault, listed};
use swoole_vocabulary::{Callback, Feature, callback};

pub(super) fn check(keys: &Keys, structure: &Structure, methods: &Methods<'_>, found: &mut Found) {
    let others = || keys.listeners.iter().map(|listener| (listener, scheme(&listener.keys, &mut Found::default()).is_datagram()));
    let is_main = structure.listener.is_datagram();
    if is_main {
        // The others' sessions have no callbacks to fall back to that anybody has missed.
        for (listener, _) in others().filter(|(_, is_datagram)| !is_datagram) {
            callbacks_of_sessions(listener, methods, found);
        }
    }
    let has_own = |listener: &WrittenListener| listener.own.iter().any(|(own, _)| own.name == "on_packet");
    if is_main || others().any(|(listener, is_datagram)| is_datagram && !has_own(listener)) {
        on_packet(methods, found);
    }
    for (listener, is_datagram) in others() {
        never_runs(listener, is_datagram, found);
    }
    if !is_main && !others().any(|(_, is_datagram)| is_datagram) && keys_name_addresses(keys) {
        nobody_runs(methods, found);
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
    let is_missing = methods.is_there_when("on_packet").not();
    let line = callback("on_packet").map(|callback| callback.signature(None)).unwrap_or_default();
    let fault = Fault::at(&methods.name_of_type(), format!("`{}` has no `on_packet`", methods.name_of_type()))
        .note("a datagram listener runs it for each packet, and nothing else reads those")
        .help(format!("add `{line} {{}}`"));
    found.faults.extend(is_missing.restrict(fault));
}

/// Callbacks that a listener names, and that are of another kind of listener.
fn never_runs(listener: &WrittenListener, is_datagram: bool, found: &mut Found) {
    // One whose address comes at run time may be of either kind.
    if !names_address(&listener.keys) {
        return;
    }
    for (own, method) in &listener.own {
        let fault = Fault::at(method, format!("{} never runs its `{}`", listener.words(), own.name));
        match (own.name == "on_packet", is_datagram) {
            (true, false) => found.push(
                fault
                    .note("its clients have sessions, and packets come to a datagram listener")
                    .help("write `listen = \"udp://127.0.0.1:9502\"`, or remove `on_packet`"),
            ),
            (false, true) => {
                let why = format!("packets belong to no session: {} are of listeners with sessions", listed(CALLBACKS_OF_SESSIONS));
                found.push(fault.note(why).help(format!("remove `{}`", own.name)));
            }
            _ => {}
        }
    }
}

/// An `on_packet` where every listener has sessions.
fn nobody_runs(methods: &Methods<'_>, found: &mut Found) {
    for method in methods.named("on_packet") {
        let fault = Fault::at(&method.name, "no listener runs `on_packet`")
            .note("the clients of each have sessions, and packets come to a datagram listener")
            .help("add `listener(name = \"packets\", listen = \"udp://127.0.0.1:9502\")` to the attribute, or remove `on_packet`");
        let is_there = super::condition::of(method, &mut Vec::new());
        found.faults.extend(is_there.restrict(fault));
    }
}

/// Whether the address of each listener is known.
fn keys_name_addresses(keys: &Keys) -> bool {
    names_address(keys) && keys.listeners.iter().all(|listener| names_address(&listener.keys))
}

fn names_address(keys: &Keys) -> bool {
    keys.setting("listen").is_some_and(|setting| matches!(known(&setting.value, None), Known::Text(_)))
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
}
