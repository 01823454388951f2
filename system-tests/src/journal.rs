//! The journal: one line a callback, appended by whatever process of the server runs it, read by the test.

use crate::watch;
use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{Read as _, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The variable that names the file.
pub const JOURNAL: &str = "SYSTEM_TEST_JOURNAL";

/// [a server's process] Appends one line, in one write, so that lines of several processes do not mix.
pub fn write(line: &str) {
    let Some(path) = std::env::var_os(JOURNAL) else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())).expect("the journal can be written");
}

/// [a server's process] Whether the test has rung for those who nap.
#[must_use]
pub fn alarm_rings() -> bool {
    std::env::var_os(JOURNAL).is_none_or(|path| alarm(Path::new(&path)).exists())
}

fn alarm(journal: &Path) -> PathBuf {
    journal.with_extension("alarm")
}

/// [the test] A server's journal.
pub struct Journal {
    path: PathBuf,
    read: Mutex<Read>,
}

/// What was read of it already: so much, that.
#[derive(Default)]
struct Read {
    bytes: u64,
    entries: Vec<Entry>,
}

/// One line: the callback, and what it noted as `key=value`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The callback's name.
    pub callback: String,
    /// What it noted.
    pub fields: HashMap<String, String>,
}

impl Journal {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self { path, read: Mutex::default() }
    }

    /// Wakes every worker that naps, now and later.
    ///
    /// # Panics
    /// When no file can be written.
    pub fn ring_alarm(&self) {
        File::create(alarm(&self.path)).expect("a temporary file can be written");
    }

    /// Who naps from now on sleeps again.
    pub fn silence_alarm(&self) {
        let _ = std::fs::remove_file(alarm(&self.path));
    }

    pub(crate) fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = std::fs::remove_file(alarm(&self.path));
    }

    /// All lines so far.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.select(|_| true)
    }

    /// The lines of one callback.
    #[must_use]
    pub fn of(&self, callback: &str) -> Vec<Entry> {
        self.select(|entry| entry.callback == callback)
    }

    fn select(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let mut read = self.read.lock().expect("no holder panics");
        let mut news = String::new();
        let opened = File::open(&self.path).and_then(|mut file| file.seek(SeekFrom::Start(read.bytes)).map(|_| file));
        if opened.and_then(|mut file| file.read_to_string(&mut news)).is_ok()
            // A line that is being written has no end yet.
            && let Some((whole, _)) = news.rsplit_once('\n')
        {
            read.bytes += whole.len() as u64 + 1;
            read.entries.extend(whole.lines().map(Entry::read));
        }
        read.entries.iter().filter(|entry| wanted(entry)).cloned().collect()
    }

    /// Waits for a line of this callback that `is_it`.
    pub fn wait(&self, callback: &str, is_it: impl Fn(&Entry) -> bool) -> Entry {
        watch::find(&format!("a line of {callback} in the journal"), || self.of(callback).into_iter().find(|entry| is_it(entry)))
    }

    /// Waits for a line of this callback about this session.
    pub fn wait_for_session(&self, callback: &str, session: u64) -> Entry {
        let session = session.to_string();
        self.wait(callback, |entry| entry.text("session") == session)
    }
}

impl Entry {
    /// Reads a line of words, the first of them bare, the others `key=value`.
    #[must_use]
    pub fn read(line: &str) -> Self {
        let mut words = line.split(' ');
        let callback = words.next().unwrap_or_default().to_owned();
        let fields = words.filter_map(|word| word.split_once('=')).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        Self { callback, fields }
    }

    /// A field; empty when it is not there.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", String::as_str)
    }

    /// A field that is a number.
    ///
    /// # Panics
    /// When it is not there or is none.
    #[must_use]
    pub fn number(&self, key: &str) -> u64 {
        self.text(key).parse().unwrap_or_else(|_| panic!("`{key}` of {self:?} is a number"))
    }
}
