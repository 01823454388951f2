//! A directory of a test's own, as `task_tmpdir` of its servers.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// No two directories share a number.
static DIRECTORIES: AtomicU32 = AtomicU32::new(1);

/// A directory that is there until it is dropped.
pub struct Directory(PathBuf);

impl Directory {
    /// An empty one.
    ///
    /// # Panics
    /// When none can be made.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it is made on the disk")]
    pub fn new() -> Self {
        let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("system-test-{}-{number}.directory", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary directory can be made");
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its name, which no other has: for sockets without a file.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Where the unix socket of a server lies that has one here.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.0.join("local.sock")
    }

    /// The argument by which a server uses it.
    #[must_use]
    pub fn argument(&self) -> String {
        format!("--task-tmpdir={}", self.0.display())
    }

    /// What lies in it: a directory for each server that lives, or was left.
    #[must_use]
    pub fn entries(&self) -> Vec<String> {
        names(&self.0)
    }

    /// What lies in those: the files of jobs and messages.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        self.entries().iter().flat_map(|server| names(&self.0.join(server))).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One that is gone meanwhile has none.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).and_then(|entries| entries.collect::<io::Result<Vec<_>>>()).unwrap_or_default();
    let mut names: Vec<String> = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
