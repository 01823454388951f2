//! Keys that are written with their parts.
//!
//! - A part is `part = value`, of those that the key has (C6), each once (C13); its value is looked at as that of every key.

use super::{
    Found,
    keys::{Keys, twice},
    values,
};
use crate::{
    diagnostics::{Fault, as_written, listed},
    read::{Entry, attribute},
};
use proc_macro2::{Ident, TokenStream};
use swoole_vocabulary::{key, nearest};

impl Keys {
    /// `tcp_keepalive(idle = secs(60))`: the switch, and a key for each part.
    pub(super) fn parts(&mut self, switch: &Ident, parts: &[&str], inside: TokenStream, found: &mut Found) {
        let text = switch.to_string();
        let write = || {
            let keys = parts.iter().filter_map(|part| Some((part, key(&format!("{text}_{part}"))?.example)));
            let examples = keys.filter_map(|(part, example)| Some(format!("{part} = {}", example.split_once(" = ")?.1)));
            format!("write `{text}({})`", examples.collect::<Vec<_>>().join(", "))
        };
        let entries = attribute(inside);
        if entries.is_empty() {
            let fault = Fault::at(switch, format!("`{text}` has no parts between its parentheses"));
            found.push(fault.note(format!("its parts are {}", listed(parts.iter().copied()))).help(write()));
        }
        for entry in entries {
            let (part, value) = match entry {
                Entry::Key { name, value } => (name, value),
                Entry::WithoutValue { name } => {
                    let fault = Fault::at(&name, format!("`{name}` has no value"));
                    found.push(fault.note("a part and its value stand on two sides of `=`").help(write()));
                    continue;
                }
                Entry::Group { name, .. } | Entry::Separated { name, .. } => {
                    let fault = Fault::at(&name, format!("`{name}` and its value stand on two sides of `=`"));
                    found.push(fault.note(format!("the parts of `{text}` are {}", listed(parts.iter().copied()))).help(write()));
                    continue;
                }
                Entry::Nothing(token) => {
                    found.push(
                        Fault::at(&token, "there is nothing before this comma")
                            .note("parts stand with a comma between two of them")
                            .help(write()),
                    );
                    continue;
                }
                Entry::Stray(tokens) => {
                    let fault = Fault::at(&tokens, format!("this is no part of `{text}`"));
                    found.push(fault.note(format!("its parts are {}", listed(parts.iter().copied()))).help(write()));
                    continue;
                }
            };
            let whole = format!("{text}_{part}");
            let Some(key) = key(&whole).filter(|_| parts.iter().any(|known| part == known)) else {
                let near = nearest(&part.to_string(), parts.iter().map(|known| (*known, [].as_slice())));
                let fault = Fault::at(&part, format!("`{text}` has no part `{part}`"));
                let fault = fault.note(format!("its parts are {}", listed(parts.iter().copied())));
                found.push(match near {
                    Some(near) => fault.help(format!("write `{near} = {}`", as_written(&value))),
                    None => fault.help(write()),
                });
                continue;
            };
            if self.seen.contains(&whole) {
                found.push(twice(&part, &part.to_string()));
                continue;
            }
            self.seen.push(whole.clone());
            if let Ok(setting) = values::setting(key, Ident::new(&whole, part.span()), value, found) {
                self.settings.push(setting);
            }
        }
    }
}
