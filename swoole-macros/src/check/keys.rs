//! The keys of the attribute, by name.
//!
//! - An entry is `key = value`; only a key that has parts is written `key(part = value)`, and a listener `listener(key = value)`.
//! - There is such a key.
//! - It stands there once; only `add_process` may stand there several times.
//!
//! Types and ranges are for `values` and the compiler to see.

use super::{
    Found, Setting,
    listener::{self, OfListener, WrittenListener},
    processes::{PARTS, WrittenProcess},
    structure, values,
};
use crate::{
    diagnostics::{Fault, as_written, listed},
    read::{Entry, attribute},
};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use swoole_vocabulary::{
    ADD_PROCESS, ADD_PROCESS_ALSO, ADD_PROCESS_EXAMPLE, KEYS, KEYS_WITH_PARTS, Kind, PlannedKey, Suggestion, example_of_structure, key,
    key_meant, nearest, planned_key,
};

/// What the attribute says.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) settings: Vec<Setting>,
    pub(super) planned: Vec<PlannedSetting>,
    pub(super) half_typed: Vec<Ident>,
    /// Those beside the main one.
    pub(super) listeners: Vec<WrittenListener>,
    pub(super) facade: Option<TokenStream>,
    pub(super) processes: Vec<WrittenProcess>,
    /// A mode that is not there yet, with its value as it was written.
    pub(super) planned_mode: Option<(TokenStream, &'static str)>,
    /// Every key that stands there, with a right value or not.
    pub(super) seen: Vec<String>,
    /// Keys that are probably meant by names that are none.
    meant: Vec<&'static str>,
}

/// A key that is not there yet or is no setting, with what stands behind it.
pub(super) struct PlannedSetting {
    pub(super) key: &'static PlannedKey,
    pub(super) name: Ident,
    pub(super) value: PlannedValue,
}

pub(super) enum PlannedValue {
    Expression(TokenStream),
    Parts(TokenStream),
    Nothing,
}

/// In what the keys stand.
enum Place<'a> {
    Attribute,
    Listener(&'a mut OfListener),
}

impl Keys {
    pub(super) fn planned(&self, name: &str) -> Option<&PlannedSetting> {
        self.planned.iter().find(|setting| setting.key.name == name)
    }

    /// Whether a key stands there, with a right value or not.
    pub(super) fn is_there(&self, name: &str) -> bool {
        self.seen.iter().any(|seen| seen == name)
    }

    /// Whether a name that is no key is probably this one.
    pub(super) fn is_meant(&self, name: &str) -> bool {
        self.meant.contains(&name)
    }

    pub(super) fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key.name == name)
    }
}

impl PlannedSetting {
    pub(super) fn expression(&self) -> Option<&TokenStream> {
        match &self.value {
            PlannedValue::Expression(value) => Some(value),
            PlannedValue::Parts(_) | PlannedValue::Nothing => None,
        }
    }
}

pub(super) fn check(entries: Vec<Entry>, found: &mut Found) -> Keys {
    let keys = read(entries, &mut Place::Attribute, found);
    listener::check_names(&keys.listeners, found);
    keys
}

fn read(entries: Vec<Entry>, place: &mut Place<'_>, found: &mut Found) -> Keys {
    let mut keys = Keys::default();
    for entry in entries {
        let (name, value) = match entry {
            Entry::Key { name, value } => (name, PlannedValue::Expression(value)),
            Entry::WithoutValue { name } => (name, PlannedValue::Nothing),
            Entry::Group { name, inside } => (name, PlannedValue::Parts(inside)),
            Entry::Separated { name, by, value } => {
                found.push(separated(&name, &by, &value));
                keys.meant
                    .extend(key(&name.to_string()).map(|key| key.name).or_else(|| planned_key(&name.to_string()).map(|key| key.name)));
                keys.half_typed.push(name);
                continue;
            }
            Entry::Nothing(comma) => {
                found.push(
                    Fault::at(&comma, "there is nothing before this comma")
                        .note("the attribute takes keys and their values, with a comma between two of them")
                        .help("remove the comma"),
                );
                continue;
            }
            Entry::Stray(tokens) => {
                found.push(stray(&tokens));
                continue;
            }
        };
        let text = name.to_string();
        let value = match (&mut *place, value) {
            (Place::Attribute, PlannedValue::Parts(inside)) if text == "listener" => {
                keys.listener(name, inside, found);
                continue;
            }
            (Place::Attribute, value) if text == ADD_PROCESS => {
                match value {
                    PlannedValue::Parts(inside) => keys.processes.push(WrittenProcess { keyword: name, inside }),
                    PlannedValue::Expression(_) | PlannedValue::Nothing => {
                        found.push(Fault::at(&name, "`add_process` has parts").note(PARTS).help(format!("write `{ADD_PROCESS_EXAMPLE}`")));
                    }
                }
                continue;
            }
            (Place::Listener(of), value) => {
                if of.take(&name, &value, &mut keys.seen, found) {
                    continue;
                }
                value
            }
            (Place::Attribute, value) => value,
        };
        if text != "crate" && key(&text).is_none() && planned_key(&text).is_none() {
            let fault = no_such_key(&name, &text, &value, &mut keys);
            match keys.meant.last().and_then(|meant| planned_key(meant)).filter(|_| key_meant(&text).is_some()) {
                Some(planned) => found.push_of(planned.feature, fault),
                None => found.push(fault),
            }
            keys.half_typed.push(name);
            continue;
        }
        if keys.seen.contains(&text) {
            let fault = twice(&name, &text);
            match planned_key(&text) {
                Some(planned) => found.push_of(planned.feature, fault),
                None => found.push(fault),
            }
            continue;
        }
        keys.seen.push(text);
        keys.take(name, value, found);
    }
    keys
}

impl Keys {
    /// `listener(name = "admin", …)`.
    fn listener(&mut self, at: Ident, inside: TokenStream, found: &mut Found) {
        let mut of = OfListener::default();
        let mut keys = read(attribute(inside), &mut Place::Listener(&mut of), found);
        if !of.has_name {
            found.push(listener::nameless(&at));
        }
        self.half_typed.append(&mut keys.half_typed);
        self.listeners.push(WrittenListener { at, name: of.name, keys, own: of.own });
    }

    fn take(&mut self, name: Ident, value: PlannedValue, found: &mut Found) {
        let text = name.to_string();
        if let Some(key) = planned_key(&text) {
            self.planned.push(PlannedSetting { key, name, value });
            return;
        }
        let example = key(&text).map_or("crate = my_name_of_swoole", |key| key.example);
        let value = match value {
            PlannedValue::Expression(value) => value,
            PlannedValue::Nothing => {
                found.push(without_value(&name, "has no value", example));
                self.half_typed.push(name);
                return;
            }
            PlannedValue::Parts(inside) if let Some((_, parts)) = KEYS_WITH_PARTS.iter().find(|(key, _)| *key == text) => {
                self.parts(&name, parts, inside, found);
                let at = name.span();
                quote_spanned!(at=> true)
            }
            PlannedValue::Parts(inside) => {
                let written = format!("{text} = {}", as_written(&inside));
                let write = if !inside.is_empty() && values::fits(&text, &inside) { &written } else { example };
                found.push(without_value(&name, "is not a group of keys", write));
                self.half_typed.push(name);
                return;
            }
        };
        if let Some(fault) = values::fault_of_comma(&text, &value) {
            found.push(fault);
            self.half_typed.push(name);
            return;
        }
        let Some(key) = key(&text) else {
            match syn::parse2::<syn::Path>(value.clone()) {
                Ok(_) => self.facade = Some(value),
                Err(_) => found.push(no_path(&value)),
            }
            return;
        };
        if key.name == "mode" {
            match structure::mode(&value) {
                Ok(None) => self.settings.push(Setting { key, name, value, is_known: true }),
                Ok(Some(planned)) => self.planned_mode = Some((value, planned)),
                Err(fault) => found.push(fault),
            }
            return;
        }
        if key.kind == Kind::Periods {
            match structure::fault_of_periods(&value) {
                None => self.settings.push(Setting { key, name, value, is_known: true }),
                Some(fault) => found.push(fault),
            }
            return;
        }
        match values::setting(key, name, value, found) {
            Ok(setting) => self.settings.push(setting),
            Err(name) => self.half_typed.push(name),
        }
    }
}

fn separated(name: &Ident, by: &TokenStream, value: &TokenStream) -> Fault {
    // `max-conn = 2`, `tcp.nodelay = true`.
    let text = as_written(&quote!(#name #by #value));
    if let Some((left, right)) = text.split_once('=')
        && matches!(by.to_string().as_str(), "-" | ".")
    {
        let joined: String = left.replace(['-', '.'], "_").replace(' ', "");
        let near = key_meant(&joined).map_or(joined, |meant| meant.name().to_owned());
        let tokens = quote!(#name #by);
        return Fault::at(&tokens, format!("a key is one word: `{near}`"))
            .note("its parts stand side by side with `_` between them")
            .help(format!("write `{near} ={right}`"));
    }
    let example = key(&name.to_string()).map_or_else(|| format!("{name} = …"), |key| key.example.to_owned());
    let write = if value.is_empty() { example } else { format!("{name} = {}", as_written(value)) };
    Fault::at(by, format!("`{name}` and its value have `{}` between them", as_written(by).replace(' ', "")))
        .note("a key and its value stand on two sides of `=`")
        .help(format!("write `{write}`"))
}

fn no_path(value: &TokenStream) -> Fault {
    let inside = values::text_in_quotes(value).filter(|text| syn::parse_str::<syn::Path>(text).is_ok());
    let path = inside.unwrap_or_else(|| "my_name_of_swoole".to_owned());
    Fault::at(value, "`crate` takes a path")
        .note("it is the name of the crate `swoole` where Cargo.toml gives it another one, or another crate hands it on")
        .help(format!("write `crate = {path}`"))
}

fn stray(tokens: &TokenStream) -> Fault {
    let text = as_written(tokens);
    if let Some((path, value)) = text.split_once('=')
        && let Some((_, name)) = path.trim().rsplit_once("::")
    {
        return Fault::at(tokens, "a key is one word")
            .note("keys are names of this attribute, and no paths")
            .help(format!("write `{name} ={value}`"));
    }
    let mut inside = tokens.clone().into_iter();
    if let (Some(TokenTree::Literal(quoted)), Some(TokenTree::Punct(equals))) = (inside.next(), inside.next())
        && equals.as_char() == '='
        && let Some(name) = values::text_in_quotes(&TokenTree::Literal(quoted.clone()).into())
    {
        return Fault::at(&quoted, "a key stands without quotes")
            .note("keys are names, and values may be texts")
            .help(format!("write `{name} = {}`", as_written(&inside.collect::<TokenStream>())));
    }
    Fault::at(tokens, "this is not a key of `#[swoole::server]`")
        .note("the attribute takes keys and their values, with a comma between two of them")
        .help("write `#[swoole::server(listen = \"tcp://127.0.0.1:9501\", workers = 4)]`")
}

pub(super) fn twice(name: &Ident, text: &str) -> Fault {
    if text == "frame" {
        return Fault::at(name, "two frames exclude each other")
            .note("a stream is cut into packages in one way, so one of the two would be ignored")
            .help("keep one of the two lines");
    }
    Fault::at(name, format!("`{text}` stands twice in this attribute"))
        .note("one of the two values would be ignored")
        .help("keep one of the two lines")
}

fn without_value(name: &Ident, what: &str, example: &str) -> Fault {
    Fault::at(name, format!("`{name}` {what}")).note("a key and its value stand on two sides of `=`").help(format!("write `{example}`"))
}

fn no_such_key(name: &Ident, text: &str, value: &PlannedValue, keys: &mut Keys) -> Fault {
    let known = || format!("the keys of this release are {}", listed(KEYS.iter().map(|key| key.name)));
    let fault = Fault::at(name, format!("there is no key `{text}`"));
    let Some(suggestion) = key_meant(text) else {
        if nearest(text, core::iter::once((ADD_PROCESS, ADD_PROCESS_ALSO))).is_some() {
            return fault.note(format!("there is a key `{ADD_PROCESS}`")).help(format!("write `{ADD_PROCESS_EXAMPLE}`"));
        }
        return fault.note(known()).help(format!("remove `{text}`, or take one of these"));
    };
    keys.meant.push(suggestion.name());
    match (suggestion, value) {
        (Suggestion::Known(near), PlannedValue::Expression(value)) if values::fits(near, value) => {
            fault.note(format!("there is a key `{near}`")).help(format!("write `{near} = {}`", as_written(value)))
        }
        (Suggestion::Known(near), _) => {
            let example = key(near).map(|key| key.example).or_else(|| example_of_structure(near)).unwrap_or_default();
            fault.note(format!("there is a key `{near}`")).help(format!("write `{example}`"))
        }
        (Suggestion::NotYet(near), _) => fault.note(format!("`{near}` is not there yet; {}", known())).help(format!("remove `{text}`")),
    }
}
