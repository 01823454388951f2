//! What a process is told that becomes another program and attaches to the running server: which slot is its own, where the shared memory
//! is, and with which settings the server runs. As text: the two programs may be of different versions.

use super::owner::{Claim, Taking};
use std::os::fd::RawFd;

/// The variable that names the note: the process it is for, and the number of its descriptor.
pub(crate) const ATTACH: &str = "SWOOLE_ATTACH";

/// The note.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Attachment {
    /// Of the shared memory.
    pub(crate) layout: u64,
    pub(crate) slot: usize,
    pub(crate) taking: Taking,
    pub(crate) lifeline: RawFd,
    pub(crate) memory: RawFd,
    /// The master's, the manager's, those of the reactors, those of the slots; then the lines by which files are passed to the reactors.
    pub(crate) bells: Vec<RawFd>,
    /// Those for packets, in the order of their listeners.
    pub(crate) sockets: Vec<RawFd>,
    /// The directory for what is too large for shared memory, and what people call it.
    pub(crate) files: Option<RawFd>,
    pub(crate) files_path: String,
    /// Names and values of those that the new program must have too.
    pub(crate) settings: Vec<(String, String)>,
}

/// What such a text begins with.
const HEAD: &str = "swoole-attach 1";

/// What stands before the reason of one that does not attach.
const REFUSED: &str = "refused ";

impl Attachment {
    pub(crate) fn text(&self) -> String {
        let (opened, generation) = match self.taking {
            Taking::Open(opened) => (opened.generation, String::new()),
            Taking::Beside { opened, generation } => (opened.generation, format!("beside {generation}\n")),
        };
        let mut text = format!("{HEAD}\nlayout {:016x}\nslot {}\nopened {opened}\n{generation}", self.layout, self.slot);
        text += &format!("lifeline {}\nmemory {}\nfiles-path {}\n", self.lifeline, self.memory, one_line(&self.files_path));
        if let Some(files) = self.files {
            text += &format!("files {files}\n");
        }
        for bell in &self.bells {
            text += &format!("bell {bell}\n");
        }
        for socket in &self.sockets {
            text += &format!("socket {socket}\n");
        }
        for (name, value) in &self.settings {
            text += &format!("setting {name} {}\n", one_line(value));
        }
        text
    }

    /// `None` for a text of another version.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return None;
        }
        let words: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(' ')).collect();
        let all = |name: &'static str| words.iter().filter(move |(word, _)| *word == name).map(|(_, rest)| *rest);
        let one = |name| all(name).next();
        let opened = Claim { generation: one("opened")?.parse().ok()?, pid: None };
        Some(Self {
            layout: u64::from_str_radix(one("layout")?, 16).ok()?,
            slot: one("slot")?.parse().ok()?,
            taking: match one("beside") {
                Some(generation) => Taking::Beside { opened, generation: generation.parse().ok()? },
                None => Taking::Open(opened),
            },
            lifeline: one("lifeline")?.parse().ok()?,
            memory: one("memory")?.parse().ok()?,
            bells: all("bell").map(str::parse).collect::<Result<_, _>>().ok()?,
            sockets: all("socket").map(str::parse).collect::<Result<_, _>>().ok()?,
            files: one("files").map(str::parse).transpose().ok()?,
            files_path: one("files-path")?.to_owned(),
            settings: all("setting")
                .filter_map(|line| line.split_once(' '))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        })
    }
}

/// What is added to the note by a program that does not attach.
pub(crate) fn refusal(why: &str) -> String {
    format!("{REFUSED}{}\n", one_line(why))
}

/// Why a program did not attach, if it has said so.
pub(crate) fn refused(note: &str) -> Option<&str> {
    note.lines().rev().find_map(|line| line.strip_prefix(REFUSED))
}

fn one_line(text: &str) -> String {
    text.replace('\n', "; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back_as_what_it_was() {
        let opened = Claim { generation: 7, pid: None };
        for taking in [Taking::Open(opened), Taking::Beside { opened, generation: 3 }] {
            for files in [None, Some(12)] {
                let note = Attachment {
                    layout: 0xfeed,
                    slot: 2,
                    taking,
                    lifeline: 3,
                    memory: 4,
                    bells: vec![5, 6, 7],
                    sockets: vec![8, 9],
                    files,
                    files_path: "/tmp/with blanks".to_owned(),
                    settings: vec![("listen".to_owned(), "tcp://[::1]:9501".to_owned()), ("task_tmpdir".to_owned(), "a b".to_owned())],
                };
                let text = note.text();
                assert_eq!(Attachment::read(&text), Some(note));
                assert_eq!(refused(&text), None);
                assert_eq!(refused(&(text + &refusal("one\ntwo"))), Some("one; two"));
            }
        }
        assert_eq!(Attachment::read("swoole-attach 2\nslot 1\n"), None);
    }
}
