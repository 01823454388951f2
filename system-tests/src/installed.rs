//! A server's program where it is deployed: others are installed over it while it runs.

use crate::{Place, Server};
use std::{ffi::OsStr, fs, os::unix::fs::PermissionsExt, process::Command};

impl Place {
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

    /// Has the program that lies there take the server over; the pid of its master from then on.
    ///
    /// # Panics
    /// When it does not.
    pub fn update(&self) -> u32 {
        let said = self.said(&["update"]);
        let pid = said.strip_prefix("updated: pid ").and_then(|rest| rest.split(' ').next()).and_then(|pid| pid.parse().ok());
        pid.unwrap_or_else(|| panic!("{said}"))
    }

    /// The pid of the master that serves.
    ///
    /// # Panics
    /// When none answers.
    #[must_use]
    pub fn master(&self) -> u32 {
        let status = self.status();
        status["pid"].as_u64().unwrap_or_else(|| panic!("it says its pid: {status}")) as u32
    }

    /// Ends the server, whose master need not be the one that was started, and sees that nothing is left.
    ///
    /// # Panics
    /// When something is.
    pub fn stop(&self, mut server: Server) {
        let address = server.address();
        assert_eq!(self.said(&["stop"]), "the server has ended\n");
        assert!(server.wait_for_end().success());
        server.leaves_nothing(address);
        assert!(!self.socket().exists());
    }
}
