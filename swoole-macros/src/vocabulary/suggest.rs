//! Which name was probably meant: the nearest by letters, then what else a thing is called. No suggestion is better than a wild one.

use super::{CALLBACKS, CALLBACKS_NOT_YET, KEYS, KEYS_NOT_YET, MODES_NOT_YET, UNITS};

/// A name that was probably meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Suggestion {
    /// One to write.
    Known(&'static str),
    /// One that this release does not have.
    NotYet(&'static str),
}

/// Name, and what else it is called.
type Row = (Suggestion, &'static [&'static str]);

/// The callback that somebody who wrote `name` wanted; written in the original's way (`onReceive`) too.
pub(crate) fn callback_meant(name: &str) -> Option<Suggestion> {
    let known = CALLBACKS.iter().map(|callback| (Suggestion::Known(callback.name), callback.synonyms));
    let not_yet = CALLBACKS_NOT_YET.iter().map(|name| (Suggestion::NotYet(name), [].as_slice()));
    nearest(name, known.chain(not_yet))
}

/// The key that somebody who wrote `name` wanted.
pub(crate) fn key_meant(name: &str) -> Option<Suggestion> {
    let known = KEYS.iter().map(|key| (Suggestion::Known(key.name), key.synonyms));
    let not_yet = KEYS_NOT_YET.iter().map(|(name, originals)| (Suggestion::NotYet(name), *originals));
    nearest(name, known.chain(not_yet))
}

/// The mode that somebody who wrote `name` wanted.
pub(crate) fn mode_meant(name: &str) -> Option<Suggestion> {
    let not_yet = MODES_NOT_YET.iter().map(|name| (Suggestion::NotYet(name), [].as_slice()));
    let known = (Suggestion::Known("process"), ["multiprocess", "swoole_process", "prefork"].as_slice());
    nearest(name, not_yet.chain([known]))
}

/// The unit of time that somebody who wrote `name` wanted.
pub(crate) fn unit_meant(name: &str) -> Option<Suggestion> {
    nearest(name, UNITS.iter().map(|(name, synonyms)| (Suggestion::Known(name), *synonyms)))
}

fn nearest(name: &str, rows: impl Iterator<Item = Row> + Clone) -> Option<Suggestion> {
    let wanted = stem(name);
    let exact = rows
        .clone()
        .find(|(suggestion, synonyms)| stem(suggestion.name()) == wanted || synonyms.iter().any(|synonym| stem(synonym) == wanted));
    let near = || {
        rows.filter_map(|(suggestion, _)| {
            let candidate = stem(suggestion.name());
            let far = strsim::osa_distance(&wanted, &candidate);
            (far * 3 <= wanted.len().max(candidate.len())).then_some((far, suggestion))
        })
        .min_by_key(|(far, _)| *far)
        .map(|(_, suggestion)| suggestion)
    };
    exact.map(|(suggestion, _)| suggestion).or_else(near)
}

/// A name without `on_`, underscores and capitals.
fn stem(name: &str) -> String {
    let plain: String = name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect();
    match plain.strip_prefix("on") {
        Some(rest) if name.to_lowercase().starts_with("on_") || name.starts_with("on") && name != plain => rest.to_owned(),
        _ => plain,
    }
}

impl Suggestion {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Known(name) | Self::NotYet(name) => name,
        }
    }
}
