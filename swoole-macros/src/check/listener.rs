//! A `listener(…)` of the attribute, and what of it is compiled in.
//!
//! - It has a name, which is a literal (C6), of small letters, digits, `-` and `_` (C9); no two have the same (C13).
//! - There are at most so many (C9).
//! - What it takes are keys that a listener may have of its own (C6), and callbacks of a session or of a packet.
//! - Such a callback is the name of a method of the block (C6), of the shape that the main one has (C7).

use super::{
    CallbackOfListener, Found, Listener, ListenersFrame, OwnCallback,
    callbacks::row_of,
    frames,
    keys::{Keys, PlannedValue, twice},
    methods::Methods,
    values::{Known, known},
};
use crate::diagnostics::{Fault, as_written, listed};
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use swoole_vocabulary::{
    ADD_PROCESS, Callback, KEYS_OF_LISTENERS, LISTENERS, MAIN_LISTENER, PLANNED_KEYS_OF_LISTENERS, callback, key, nearest,
    planned_callback, planned_key,
};
use syn::{Path, ext::IdentExt};

/// The callbacks that a listener may have of its own.
pub(crate) const CALLBACKS_OF_LISTENERS: [&str; 4] = ["on_connect", "on_receive", "on_close", "on_packet"];

/// Those of them that one with sessions needs; one for packets needs the last.
pub(super) const CALLBACKS_OF_SESSIONS: [&str; 3] = ["on_connect", "on_receive", "on_close"];

/// The longest name: it is a part of others.
const LONGEST_NAME: usize = 32;

/// One of them as it was written.
pub(super) struct WrittenListener {
    /// The word `listener`.
    pub(super) at: Ident,
    /// What it is called, and where that is written; `None` where that is wrong.
    pub(super) name: Option<(String, TokenStream)>,
    pub(super) keys: Keys,
    /// The method for each callback that it names.
    pub(super) own: Vec<(&'static Callback, Ident)>,
}

impl WrittenListener {
    /// In a sentence.
    pub(super) fn words(&self) -> String {
        self.name.as_ref().map_or_else(|| "this listener".to_owned(), |(name, _)| format!("the listener `{name}`"))
    }

    /// Where it is called by its name, or stands.
    pub(super) fn place(&self) -> TokenStream {
        self.name.as_ref().map_or_else(|| self.at.to_token_stream(), |(_, at)| at.clone())
    }
}

/// What a listener has beside its keys.
#[derive(Default)]
pub(super) struct OfListener {
    pub(super) has_name: bool,
    pub(super) name: Option<(String, TokenStream)>,
    pub(super) own: Vec<(&'static Callback, Ident)>,
}

impl OfListener {
    /// Takes what only a listener has, and refuses what only a server has; `false` for what both have, and for what nobody knows.
    pub(super) fn take(&mut self, name: &Ident, value: &PlannedValue, seen: &mut Vec<String>, found: &mut Found) -> bool {
        let text = name.to_string();
        let is_own = text == "name" || text.starts_with("on_");
        if is_own && seen.contains(&text) {
            found.push(twice(name, &text));
            return true;
        }
        if text == "name" {
            (self.has_name, self.name) = (true, name_of(name, value, found));
        } else if let Some(planned) = planned_callback(&text) {
            let why = format!("{} come with a later release", planned.feature.words());
            let fault = Fault::at(name, format!("`{text}` is not there yet")).note(why).help(format!("remove `{text}`"));
            found.push_of(planned.feature, fault);
        } else if is_own {
            self.own.extend(own_callback(name, value, found));
        } else if text == "listener" {
            let fault = Fault::at(name, "a listener stands in no other").note("each has an address and callbacks of its own");
            found.push(fault.help("write one `listener(…)` behind the other"));
        } else if is_of_server(&text) {
            found.push(
                Fault::at(name, format!("`{text}` belongs to the server, and not to one listener"))
                    .note(format!("the keys that a listener may have of its own are {}", listed(KEYS_OF_LISTENERS.iter().copied())))
                    .help(format!("move `{text}` out of `listener(…)`")),
            );
        } else {
            return false;
        }
        if is_own {
            seen.push(text);
        }
        true
    }
}

/// Whether it is a key, and none that a listener may have.
fn is_of_server(name: &str) -> bool {
    let is_a_key = name == "crate" || name == ADD_PROCESS || key(name).is_some() || planned_key(name).is_some();
    is_a_key && !KEYS_OF_LISTENERS.contains(&name) && !PLANNED_KEYS_OF_LISTENERS.contains(&name)
}

/// Holds the names against each other, and against what a name may be.
pub(super) fn check_names(listeners: &[WrittenListener], found: &mut Found) {
    let mut seen: Vec<String> = Vec::new();
    for listener in listeners {
        let Some((name, at)) = &listener.name else { continue };
        // As a variable has it, which has no `-`.
        let word = name.replace('-', "_");
        if seen.contains(&word) {
            found.push(
                Fault::at(at, format!("two listeners are called `{name}`"))
                    .note("settings, sessions and the log name a listener by its name, in which `-` and `_` are the same")
                    .help("give one of them another name"),
            );
        }
        seen.push(word);
    }
    // The main one has no group.
    if let Some(more) = listeners.get(LISTENERS.saturating_sub(1)) {
        found.push(
            Fault::at(&more.at, format!("a server has at most {LISTENERS} listeners, the main one among them"))
                .note("the shared memory has room for so many")
                .help("remove some"),
        );
    }
}

/// What stands behind `name`, if it is a name.
fn name_of(at: &Ident, value: &PlannedValue, found: &mut Found) -> Option<(String, TokenStream)> {
    let write = "write `name = \"admin\"`";
    let PlannedValue::Expression(value) = value else {
        found.push(Fault::at(at, "`name` has no value").note("a key and its value stand on two sides of `=`").help(write));
        return None;
    };
    let Known::Text(name) = known(value, None) else {
        found.push(
            Fault::at(value, "the `name` of a listener is a string literal")
                .note("variables and options have it in their names")
                .help(write),
        );
        return None;
    };
    if name == MAIN_LISTENER {
        found.push(
            Fault::at(value, format!("`{MAIN_LISTENER}` is the listener that stands in no `listener(…)`"))
                .note("its address is that of `listen`, and its settings are those of the server")
                .help("give this one another name"),
        );
        return None;
    }
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_';
    if name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(is_letter) && name.len() <= LONGEST_NAME {
        return Some((name, value.clone()));
    }
    let near: String = name.to_lowercase().chars().map(|letter| if is_letter(letter) { letter } else { '_' }).take(LONGEST_NAME).collect();
    let near = if near.starts_with(|first: char| first.is_ascii_lowercase()) { near } else { "admin".to_owned() };
    found.push(
        Fault::at(value, format!("{} is no name of a listener", as_written(value)))
            .note(format!("it has small letters, digits, `-` and `_`, begins with a letter, and is no longer than {LONGEST_NAME}"))
            .help(format!("write `name = \"{near}\"`")),
    );
    None
}

/// A listener without a name.
pub(super) fn nameless(at: &Ident) -> Fault {
    Fault::at(at, "this listener has no `name`")
        .note("settings, sessions and the log name it by that")
        .help("write `listener(name = \"admin\", listen = \"tcp://127.0.0.1:9502\")`")
}

/// The method that stands behind the name of a callback, if that is one that a listener may have of its own.
fn own_callback(at: &Ident, value: &PlannedValue, found: &mut Found) -> Option<(&'static Callback, Ident)> {
    let text = at.to_string();
    let Some(callback) = callback(&text).filter(|callback| CALLBACKS_OF_LISTENERS.contains(&callback.name)) else {
        found.push(match callback(&text) {
            Some(_) => Fault::at(at, format!("`{text}` belongs to the server, and not to one listener"))
                .note(format!("a listener may have {} of its own", listed(CALLBACKS_OF_LISTENERS)))
                .help(format!("remove `{text}` here: the server calls the method of this name")),
            None => {
                let near = nearest(&text, CALLBACKS_OF_LISTENERS.iter().map(|name| (*name, [].as_slice()))).unwrap_or("on_receive");
                Fault::at(at, format!("a listener has no callback `{text}`"))
                    .note(format!("a listener may have {} of its own", listed(CALLBACKS_OF_LISTENERS)))
                    .help(format!("write `{near} = {}`", example_of(near)))
            }
        });
        return None;
    };
    let path = match value {
        PlannedValue::Expression(value) => syn::parse2::<Path>(value.clone()).ok().and_then(|path| method_of(&path)),
        PlannedValue::Parts(_) | PlannedValue::Nothing => None,
    };
    if path.is_none() {
        let (tokens, quoted) = match value {
            PlannedValue::Expression(value) => (value.clone(), super::values::text_in_quotes(value)),
            PlannedValue::Parts(_) | PlannedValue::Nothing => (at.to_token_stream(), None),
        };
        let method = quoted.filter(|text| syn::parse_str::<Ident>(text).is_ok()).unwrap_or_else(|| example_of(callback.name));
        found.push(
            Fault::at(&tokens, format!("`{text}` takes the name of a method"))
                .note("the method stands in the block that the attribute stands on, and is called for what comes to this listener")
                .help(format!("write `{text} = {method}`")),
        );
    }
    path.map(|method| (callback, method))
}

/// `admin_receive`, or `Self::admin_receive`.
fn method_of(path: &Path) -> Option<Ident> {
    if path.segments.iter().any(|segment| !segment.arguments.is_none()) {
        return None;
    }
    match (path.segments.first(), path.segments.last(), path.segments.len()) {
        (Some(only), _, 1) => Some(only.ident.unraw()),
        (Some(first), Some(last), 2) if first.ident == "Self" => Some(last.ident.unraw()),
        _ => None,
    }
}

fn example_of(callback: &str) -> String {
    callback.replace("on_", "admin_")
}

/// What is compiled in: the listeners, and each method that one of them names, once for each callback that it is.
pub(super) fn listeners(keys: &mut Keys, methods: &Methods<'_>, found: &mut Found) -> (Vec<Listener>, Vec<OwnCallback>) {
    let (mut listeners, mut own) = (Vec::new(), Vec::new());
    for written in core::mem::take(&mut keys.listeners) {
        let callbacks = written.own.iter().map(|(callback, method)| {
            if method == callback.name {
                return (callback.name, CallbackOfListener::Main);
            }
            let is_it = |known: &OwnCallback| known.row.callback.name == callback.name && known.method == *method;
            let at = own.iter().position(is_it).unwrap_or_else(|| {
                let presence = methods.presence_of_method(&method.to_string());
                found.faults.extend(presence.not().restrict(no_such_method(callback, method, &written, methods)));
                let row = row_of(methods, callback, &method.to_string(), None, &mut found.faults);
                own.push(OwnCallback { row, method: method.clone() });
                own.len().saturating_sub(1)
            });
            (callback.name, CallbackOfListener::Own(at))
        });
        let callbacks = callbacks.collect();
        // Where its name is wrong, a word stands in for it: that has been said.
        let name = written.name.map_or_else(|| "nameless".to_owned(), |(name, _)| name);
        let is_method = |name: &Ident| methods.block.methods.iter().any(|method| method.name == *name);
        let frame = match written.keys.planned("frame") {
            Some(frame) => ListenersFrame::Own(frames::frame(frame, is_method)),
            None => ListenersFrame::Main,
        };
        listeners.push(Listener { name, settings: written.keys.settings, frame, callbacks });
    }
    (listeners, own)
}

fn no_such_method(callback: &Callback, method: &Ident, listener: &WrittenListener, methods: &Methods<'_>) -> Fault {
    let name = method.to_string();
    let names: Vec<String> = methods.block.methods.iter().map(|method| method.name.to_string()).collect();
    let near = nearest(&name, names.iter().map(|name| (name.as_str(), [].as_slice())));
    let line = callback.signature(None).replacen(callback.name, &name, 1);
    let fault = Fault::at(method, format!("`{}` has no method `{name}`", methods.name_of_type())).note(format!(
        "{} calls it as its `{}`",
        listener.words(),
        callback.name
    ));
    match near {
        Some(near) => fault.help(format!("write `{} = {near}`, or add `{line} {{}}`", callback.name)),
        None => fault.help(format!("add `{line} {{}}`")),
    }
}
