//! A settings file of a test's own.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

/// No two files share a number.
static FILES: AtomicU32 = AtomicU32::new(1);

/// A file that is there until it is dropped.
pub struct File(PathBuf);

impl File {
    /// With this text.
    #[must_use]
    pub fn with(text: &str) -> Self {
        Self::with_bytes(text.as_bytes())
    }

    /// With these bytes.
    ///
    /// # Panics
    /// When no file can be written.
    #[must_use]
    pub fn with_bytes(bytes: &[u8]) -> Self {
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("system-test-{}-{number}.toml", std::process::id()));
        std::fs::write(&path, bytes).expect("a temporary file can be written");
        Self(path)
    }

    /// Where it is.
    ///
    /// # Panics
    /// When the folder for temporary files has a name that is no text.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.to_str().expect("a folder with a name that is text")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
