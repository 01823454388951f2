//! A server's program where it is deployed: other programs are installed over it while it runs.

use crate::{
    Directory,
    launch::{Launch, Outcome},
    server::Server,
};
use std::{ffi::OsStr, fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

/// A directory with the program, and with the socket that its commands go through.
pub struct Installed {
    directory: Directory,
}

impl Installed {
    /// With this program.
    #[must_use]
    pub fn new(program: &str) -> Self {
        let installed = Self { directory: Directory::new() };
        installed.install(program);
        installed
    }

    /// Where something of this name lies beside it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where the program lies.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.path("server")
    }

    /// Another program takes its place, as programs are deployed: written beside it, and renamed over it.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn install(&self, program: &str) {
        let new = self.path("server.new");
        // By another process: a child that a test beside this one forks would keep the file open for writing, and nobody could run it.
        let copied = Command::new("cp").args([OsStr::new(program), new.as_os_str()]).status().expect("cp is there");
        assert!(copied.success());
        fs::rename(new, self.program()).expect("it can be renamed");
    }

    /// These bytes take its place.
    ///
    /// # Panics
    /// When they cannot be written.
    pub fn write(&self, bytes: &[u8], mode: u32) {
        let new = self.path("server.new");
        fs::write(&new, bytes).expect("a file can be written");
        fs::set_permissions(&new, fs::Permissions::from_mode(mode)).expect("its mode can be set");
        fs::rename(new, self.program()).expect("it can be renamed");
    }

    /// A server of it that takes commands.
    pub fn launch(&self) -> Launch {
        Launch::new(&self.program().to_string_lossy()).arguments([self.control().as_str()])
    }

    fn control(&self) -> String {
        format!("--control={}", self.path("control.sock").display())
    }

    /// Gives this server a command of the program that is there.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Outcome {
        let control = self.control();
        Launch::new(&self.program().to_string_lossy()).no_arguments().arguments(words.iter().copied().chain([control.as_str()])).run()
    }

    /// The pid of the master that serves.
    ///
    /// # Panics
    /// When none answers.
    #[must_use]
    pub fn master(&self) -> u32 {
        let status = self.command(&["status"]);
        let pid = status.information().strip_prefix("pid ").and_then(|rest| rest.split(',').next());
        pid.and_then(|pid| pid.parse().ok()).expect("it says its pid")
    }

    /// Ends the server, whose master need not be the one that was started, and sees that nothing is left.
    ///
    /// # Panics
    /// When something is.
    pub fn stop(&self, mut server: Server) {
        let address = server.address();
        assert_eq!(self.command(&["stop"]).information(), "the server has ended\n");
        assert!(server.wait_for_end().success());
        server.leaves_nothing(address);
        assert!(!self.path("control.sock").exists());
    }
}
