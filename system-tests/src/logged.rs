//! A server whose log is a file of the test's own.

use crate::{Client, Directory, Launch, Server, watch};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The server, and where its log is.
pub struct Logged {
    /// What was started. Where that goes on in the background, the command.
    pub server: Server,
    file: PathBuf,
    _directory: Directory,
}

impl Logged {
    /// Starts it with a log file, and waits for nothing. `more` gives the launch what needs the file's directory.
    #[must_use]
    pub fn start_unwatched(launch: Launch, more: impl FnOnce(Launch, &Path) -> Launch) -> Self {
        let directory = Directory::new();
        let file = directory.path().join("log");
        let launch = launch.arguments([format!("--log-file={}", file.display()).as_str()]);
        Self { server: more(launch, directory.path()).start_unwatched(), file, _directory: directory }
    }

    /// The same, and waits until it listens.
    #[must_use]
    pub fn start(launch: Launch) -> Self {
        let logged = Self::start_unwatched(launch, |launch, _| launch);
        logged.wait(&["listening on tcp"]);
        logged
    }

    /// The path of the log.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The lines that are there now.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        lines_of(&self.file)
    }

    /// Waits for a line that holds every one of these texts.
    pub fn wait(&self, texts: &[&str]) -> String {
        let mut last = Vec::new();
        let found = |line: &String| texts.iter().all(|text| line.contains(text));
        watch::find(&format!("a line of the log with {texts:?}"), || {
            last = self.lines();
            last.iter().find(|line| found(line)).cloned()
        })
    }

    /// Where it listens.
    ///
    /// # Panics
    /// When the line that says so has no address in it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let line = self.wait(&["listening on tcp://"]);
        let address = line.split_once("listening on tcp://").and_then(|(_, rest)| rest.split_whitespace().next());
        address.and_then(|address| address.parse().ok()).expect("an address stands there")
    }

    /// A connection whose session this worker serves.
    #[must_use]
    pub fn connect_to_worker(&self, worker: u64) -> Client {
        let address = self.address();
        watch::find("a session in that worker", || {
            let mut client = Client::connect(address);
            (client.who().number("worker") == worker).then_some(client)
        })
    }
}

/// The lines of a file that may not be there yet.
#[must_use]
pub fn lines_of(file: &Path) -> Vec<String> {
    let bytes = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}
