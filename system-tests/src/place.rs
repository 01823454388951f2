//! Where commands reach a server: its program, and the socket that they go through.

use crate::{Directory, Launch, Outcome, watch};
use serde_json::Value;
use std::{io::Write, os::unix::net::UnixStream, path::PathBuf};

/// What says that no server runs.
const NOBODY: Option<i32> = Some(3);

/// A server's program, and the socket that its commands go through.
pub struct Place {
    directory: Directory,
    program: String,
}

impl Place {
    /// Of this program, with a socket in a directory of its own.
    #[must_use]
    pub fn of(program: &str) -> Self {
        Self { directory: Directory::new(), program: program.to_owned() }
    }

    /// Of a program that lies in that directory, where [`install`](Self::install) has others take its place.
    #[must_use]
    pub fn installed(program: &str) -> Self {
        let directory = Directory::new();
        let place = Self { program: directory.path().join("server").to_string_lossy().into_owned(), directory };
        place.install(program);
        place
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Where the socket lies, and what else a test puts there.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Where something of this name lies beside it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The socket, which is there while a server runs.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path("control.sock")
    }

    fn option(&self) -> String {
        format!("--control={}", self.socket().display())
    }

    /// A server that takes its commands here.
    pub fn launch(&self) -> Launch {
        Launch::new(&self.program).arguments([self.option().as_str()])
    }

    fn command(&self, words: &[&str]) -> Launch {
        Launch::new(&self.program).no_arguments().arguments(words.iter().copied().chain([self.option().as_str()]))
    }

    /// Gives a command, to its end.
    #[must_use]
    pub fn run(&self, words: &[&str]) -> Outcome {
        self.command(words).run()
    }

    /// Gives a command that does what it is to do; what it says.
    pub fn said(&self, words: &[&str]) -> String {
        self.run(words).information().to_owned()
    }

    /// The same, where it says JSON.
    ///
    /// # Panics
    /// When it says something else.
    pub fn json(&self, words: &[&str]) -> Value {
        let said = self.said(words);
        serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"))
    }

    /// How the server is.
    pub fn status(&self) -> Value {
        self.json(&["status", "--json"])
    }

    /// Gives a command that is refused with these words.
    pub fn refused(&self, words: &[&str], why: &[&str]) {
        self.command(words).refused(why);
    }

    /// Waits until the server says that it is so.
    pub fn wait_for_status(&self, awaited: &str, fact: impl Fn(&Value) -> bool) -> Value {
        watch::find(awaited, || Some(self.status()).filter(&fact))
    }

    /// Sees that no server runs here, as a command says it.
    ///
    /// # Panics
    /// When one does.
    pub fn has_no_server(&self) {
        let outcome = self.run(&["status"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (NOBODY, ""), "{outcome:?}");
        assert!(outcome.stderr.starts_with("Error: no server runs here") && outcome.stderr.lines().count() == 1, "{outcome:?}");
    }

    /// Whoever says this on the socket, as no program of ours does.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    pub fn knock(&self, words: &[u8]) -> UnixStream {
        let mut stream = UnixStream::connect(self.socket()).expect("the server listens");
        let _ = stream.write_all(words);
        stream
    }
}
