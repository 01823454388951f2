//! The table `[app]` of the settings file: the user's own, handed to `on_worker_start` as a value of his type.
//!
//! Read and parsed once, before anything is forked; a worker has it from its parent's memory.

use super::origin::in_line;
use core::fmt;
use serde_core::de::DeserializeOwned;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue, Deserializer},
};

/// A file that was read.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    pub(super) path: &'static str,
    pub(super) text: &'static str,
}

type Entry<'a, 'i> = (&'a Spanned<DeString<'i>>, &'a Spanned<DeValue<'i>>);

/// The entries of a table as they stand in the file.
pub(super) fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<Entry<'a, 'i>> = Vec::new();
    for entry in table {
        let at = entries.partition_point(|before| before.0.span().start < entry.0.span().start);
        entries.insert(at, entry);
    }
    entries
}

/// The user's own section.
#[derive(Clone, Copy, Default)]
pub(crate) struct App {
    pub(super) source: Option<Source>,
    /// A table.
    pub(super) section: Option<&'static Spanned<DeValue<'static>>>,
}

impl Source {
    /// In which line, from 1, the byte at this place stands.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        1 + before.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// What stands there, for a message: its first line, and not much of that.
    pub(super) fn shown(&self, span: core::ops::Range<usize>) -> String {
        const MUCH: usize = 60;
        let whole = self.text.get(span).unwrap_or_default();
        let first = whole.lines().next().unwrap_or_default();
        let short = &first[..first.floor_char_boundary(MUCH)];
        if short.len() < whole.len() { format!("{short}…") } else { short.to_owned() }
    }
}

impl App {
    /// Its entries, where there is one.
    pub(super) fn table(&self) -> Option<&'static DeTable<'static>> {
        self.section?.get_ref().as_table()
    }

    /// The section as a value of this type; from an empty table where there is none.
    pub(crate) fn value<T: DeserializeOwned>(&self) -> Result<T, String> {
        let span = self.section.map_or(0..0, Spanned::span);
        let table = Spanned::new(span, self.table().cloned().unwrap_or_default());
        T::deserialize(Deserializer::from(table)).map_err(|e| {
            // Message and name of the field are lines of their own.
            let why = e.to_string().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            match (self.source, self.section) {
                (Some(source), Some(section)) => {
                    let at = e.span().map_or(section.span().start, |span| span.start);
                    format!("{}: `[app]` is refused: {why}", in_line(source.path, source.line(at)))
                }
                (Some(source), None) => format!("file {} has no `[app]`: {why}", source.path),
                (None, _) => format!("there is no `[app]`: {why}; name a file that has one: `--config FILE`"),
            }
        })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of the user's values none gets into a log: there may be a password among them.
        f.debug_struct("App").field("is_there", &self.section.is_some()).finish()
    }
}
