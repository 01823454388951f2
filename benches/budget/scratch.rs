//! Crates that stand alone, as a user's does: in a temporary directory, with a path dependency on this workspace and a lock file as its.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// This workspace.
pub(crate) const WORKSPACE: &str = env!("CARGO_MANIFEST_DIR");

/// A directory that goes with this value, also when a measurement fails.
pub(crate) struct Scratch {
    place: PathBuf,
}

/// What a build has taken.
pub(crate) struct Built {
    pub(crate) crates: usize,
    pub(crate) time: Duration,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let place = std::env::temp_dir().join(format!("swoole-budget-hello-{}", std::process::id()));
        fs::create_dir(&place).unwrap_or_else(|e| panic!("{}: {e}", place.display()));
        Self { place }
    }

    /// A path in it.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// Makes a crate of this name, dependency and program. It sets nothing of the release profile but that the binary is stripped.
    pub(crate) fn add(&self, name: &str, dependency: &str, program: &str) -> PathBuf {
        let place = self.at(name);
        fs::create_dir_all(place.join("src")).expect("a directory");
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
             {dependency}\n\n[profile.release]\nstrip = true\n"
        );
        fs::write(place.join("Cargo.toml"), manifest).expect("a manifest");
        fs::copy(Path::new(WORKSPACE).join("Cargo.lock"), place.join("Cargo.lock")).expect("the workspace has a lock file");
        write(&place, program);
        place
    }

    /// Runs cargo on the crate at this place. What it needs was downloaded to build this benchmark.
    pub(crate) fn cargo(&self, place: &Path, target: &str, arguments: &[&str]) -> Built {
        let start = Instant::now();
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--offline", "--color", "never"])
            .current_dir(place)
            .env("CARGO_TARGET_DIR", self.at(target))
            // What the benchmark itself was built with is not what a user builds with.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .output()
            .expect("cargo runs");
        let time = start.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo {arguments:?} in {}:\n{said}", place.display());
        let is_a_crate = |line: &&str| ["Compiling ", "Checking "].iter().any(|verb| line.trim_start().starts_with(verb));
        Built { crates: said.lines().filter(is_a_crate).count(), time }
    }

    /// Makes the next build into this target directory a clean one.
    pub(crate) fn clean(&self, target: &str) {
        let _ = fs::remove_dir_all(self.at(target));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(e) = fs::remove_dir_all(&self.place) {
            eprintln!("{} stays behind: {e}", self.place.display());
        }
    }
}

/// Gives the crate at this place another program.
pub(crate) fn write(place: &Path, program: &str) {
    fs::write(place.join("src/main.rs"), program).expect("a program");
}
