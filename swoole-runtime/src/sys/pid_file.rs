//! The file with the master's pid. Locked as long as the master lives, so that nobody takes a live one for one that was left, nor a number
//! that is another program's by now for the server. Used by the master.
//!
//! If the process dies here: the kernel takes the lock back, and the next server replaces the file.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The file of this server. Dropped, it is removed, unless another lies there by then.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
    file: File,
}

/// The pid in a file whose server lives, if one does.
pub(crate) fn living(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(fs::read_to_string(path)?.trim().to_owned())),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

impl PidFile {
    /// Writes it. Whoever reads it sees a whole number or what was there before.
    pub(crate) fn write(path: &Path) -> io::Result<Self> {
        if let Some(pid) = living(path)? {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("the server of pid {pid} has it")));
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = PathBuf::from(beside);
        let mut file = File::create(&beside)?;
        let written = (|| {
            file.try_lock()?;
            writeln!(file, "{}", std::process::id())?;
            fs::rename(&beside, path)
        })();
        if let Err(e) = written {
            let _ = fs::remove_file(&beside);
            return Err(e);
        }
        Ok(Self { path: path.to_owned(), file })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let is_ours = |there: &fs::Metadata| self.file.metadata().is_ok_and(|here| (here.dev(), here.ino()) == (there.dev(), there.ino()));
        // Removed before the lock goes: nobody takes it for one that was left.
        if fs::symlink_metadata(&self.path).as_ref().is_ok_and(is_ours) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_one_server_at_a_time() {
        let path = std::env::temp_dir().join(format!("swoole-pid-file-{}", std::process::id()));
        // What a dead server has left, whoever has its number now.
        fs::write(&path, "1\n").expect("a file can be written");
        assert_eq!(living(&path).expect("it can be read"), None);
        let ours = PidFile::write(&path).expect("it can be written");
        let me = std::process::id().to_string();
        assert_eq!(fs::read_to_string(&path).expect("it is there"), format!("{me}\n"));
        assert_eq!(living(&path).expect("it can be read"), Some(me));
        assert_eq!(PidFile::write(&path).expect_err("it is taken").kind(), io::ErrorKind::AlreadyExists);
        drop(ours);
        assert!(!path.exists());
        // Another's stays.
        let ours = PidFile::write(&path).expect("it can be written");
        fs::remove_file(&path).expect("it is there");
        fs::write(&path, "2\n").expect("a file can be written");
        drop(ours);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "2\n");
        fs::remove_file(&path).expect("it is ours");
    }
}
