//! The files of one server: what no large cell takes. They lie in a directory of this server's own, which every process has open. Used by
//! workers, task workers and the manager, which also removes what the dead leave; by the master, which makes and removes the directory.
//!
//! A file has the name of its claim, so what holds of a large cell holds of a file; see `claims`, also for what a death leaves. When the
//! whole server dies, the next one that starts in the same `task_tmpdir` removes the directory; see `directory`.

use super::{
    claims::{Claim, Half, Whose},
    directory,
};
use nix::{
    dir::Dir,
    fcntl::{OFlag, openat},
    sys::stat::Mode,
    unistd::{Gid, Uid, UnlinkatFlags, fchown, geteuid, unlinkat},
};
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

/// A user and a group.
pub(crate) type Owner = (Option<Uid>, Option<Gid>);

/// The directory, if there is one.
pub(crate) struct Files {
    /// Who workers are, if others than the master and the manager.
    owner: Owner,
    /// Held open and locked by every process of the server, so that no other server takes it for one that was left.
    directory: Option<File>,
    /// What people are told: the directory, or where it could not be made.
    path: PathBuf,
}

impl Files {
    /// [master] A directory in this one, before the first fork, for processes of this user and group. Without one the server goes on, and
    /// refuses what would need a file.
    pub(crate) fn in_directory(task_tmpdir: &Path, owner: Owner) -> io::Result<Self> {
        let (directory, name) = directory::make(task_tmpdir, owner)?;
        Ok(Self { owner, directory: Some(directory), path: task_tmpdir.join(name) })
    }

    /// [worker] The directory of a server that runs, in a program that has just begun.
    pub(crate) fn inherited(directory: Option<OwnedFd>, path: PathBuf) -> Self {
        Self { owner: (None, None), directory: directory.map(File::from), path }
    }

    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.directory.as_ref().map(AsFd::as_fd)
    }

    pub(crate) fn nowhere(task_tmpdir: &Path) -> Self {
        Self { owner: (None, None), directory: None, path: task_tmpdir.to_owned() }
    }

    pub(crate) fn place(&self) -> impl core::fmt::Display {
        self.path.display()
    }

    fn directory(&self) -> io::Result<&File> {
        self.directory.as_ref().ok_or_else(|| io::Error::other("no directory could be made there when the server started"))
    }

    /// Nothing is left of it on an error.
    pub(super) fn write(&self, whose: Whose, claim: Claim, bytes: &[u8]) -> io::Result<()> {
        let (directory, name) = (self.directory()?, name_of(whose, claim));
        // One of this name is there when it could not be removed; no live job has it.
        let how = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(directory, name.as_str(), how, Mode::S_IRUSR | Mode::S_IWUSR)?);
        let written = if self.owner.0.is_some_and(|user| user != geteuid()) {
            // By the manager, which is root, for a worker, which is not.
            fchown(&file, self.owner.0, self.owner.1).map_err(io::Error::from).and_then(|()| file.write_all(bytes))
        } else {
            file.write_all(bytes)
        };
        written.inspect_err(|_| {
            // What a full disk has left of it is of no use.
            self.remove(whose, claim);
        })
    }

    /// All of it, which must have this length.
    pub(super) fn read(&self, whose: Whose, claim: Claim, length: usize) -> io::Result<Vec<u8>> {
        let how = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let file = File::from(openat(self.directory()?, name_of(whose, claim).as_str(), how, Mode::empty())?);
        // The length was written by another process, as the file was: memory is taken for what both say.
        if file.metadata()?.len() != length as u64 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(length)?;
        file.take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    pub(super) fn remove(&self, whose: Whose, claim: Claim) {
        if let Some(directory) = &self.directory {
            let _ = unlinkat(directory, name_of(whose, claim).as_str(), UnlinkatFlags::NoRemoveDir);
        }
    }

    /// [manager] Removes what nobody writes or reads any more, in the order and at the time of `Claims::settle`. A file that is found was
    /// made after its job's cell was seen, by whoever made it; the kernel's lock of the directory orders the two.
    pub(crate) fn settle(&self, is_live: impl Fn(Whose, Claim) -> bool) {
        self.each(|directory, name| {
            if claim_of(name).is_some_and(|(whose, claim)| !is_live(whose, claim)) {
                let _ = unlinkat(directory, name, UnlinkatFlags::NoRemoveDir);
            }
        });
    }

    /// [master] When no other process is left: the directory goes, with what is in it.
    pub(crate) fn end(&self) {
        self.each(|directory, name| {
            let _ = unlinkat(directory, name, UnlinkatFlags::NoRemoveDir);
        });
        if self.directory.is_some() {
            let _ = fs::remove_dir(&self.path);
        }
    }

    fn each(&self, look: impl Fn(&File, &str)) {
        if let Some(directory) = &self.directory {
            each_of(directory, |name| look(directory, name));
        }
    }
}

/// The names of the files in a server's directory; whatever else lies there is none of ours.
pub(super) fn each_of(directory: &File, mut look: impl FnMut(&str)) {
    // A descriptor of its own: where it stands is its own, too.
    let Ok(mut entries) = Dir::openat(directory, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()) else {
        return;
    };
    for entry in entries.iter().flatten() {
        if let Some(name) = entry.file_name().to_str().ok().filter(|name| claim_of(name).is_some()) {
            look(name);
        }
    }
}

fn name_of(whose: Whose, claim: Claim) -> String {
    let (kind, of) = match whose {
        Whose::Jobs(worker) => ("job", worker),
        Whose::Messages(sender) => ("message", sender),
    };
    let half = if claim.half == Half::Input { "in" } else { "out" };
    format!("{kind}-{of}-{}-{}.{half}", claim.cell, claim.sequence)
}

fn claim_of(name: &str) -> Option<(Whose, Claim)> {
    let (name, half) = name.split_once('.')?;
    let half = match half {
        "in" => Half::Input,
        "out" => Half::Output,
        _ => return None,
    };
    let mut words = name.split('-');
    let (kind, of) = (words.next()?, words.next()?.parse().ok()?);
    let whose = match kind {
        "job" => Whose::Jobs(of),
        "message" => Whose::Messages(of),
        _ => return None,
    };
    let claim = Claim { cell: words.next()?.parse().ok()?, sequence: words.next()?.parse().ok()?, half };
    words.next().is_none().then_some((whose, claim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_as_the_claim_it_was_and_no_other_name_does() {
        for whose in [Whose::Jobs(0), Whose::Jobs(1023), Whose::Messages(0), Whose::Messages(2048)] {
            for half in [Half::Input, Half::Output] {
                let claim = Claim { cell: 4095, sequence: 1 << 23, half };
                assert_eq!(claim_of(&name_of(whose, claim)), Some((whose, claim)));
            }
        }
        for name in
            ["", "notes", "job-1-2-3", "job-1-2-3.bak", "job-1-2.in", "job-1-2-3-4.in", "job-1-2-x.in", "work-1-2-3.in", "job-1-2--3.in"]
        {
            assert_eq!(claim_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_file_comes_whole_or_is_an_error() {
        let files = Files::in_directory(&std::env::temp_dir(), (None, None)).expect("a directory can be made");
        let (whose, claim) = (Whose::Jobs(0), Claim { cell: 0, sequence: 1, half: Half::Input });
        files.write(whose, claim, b"a job").expect("it can be written");
        assert_eq!(files.read(whose, claim, 5).expect("it is there"), b"a job");
        // Its cell says something else.
        assert!(files.read(whose, claim, 4).is_err() && files.read(whose, claim, 6).is_err());
        assert!(files.read(Whose::Messages(0), claim, 5).is_err() && files.read(whose, Claim { cell: 1, ..claim }, 5).is_err());
        // One that could not be removed is written anew.
        files.write(whose, claim, b"other").expect("it can be written");
        assert_eq!(files.read(whose, claim, 5).expect("it is there"), b"other");
        files.settle(|_, _| true);
        assert!(files.read(whose, claim, 5).is_ok());
        files.settle(|of, named| (of, named) != (whose, claim));
        assert!(files.read(whose, claim, 5).is_err());
        files.end();
        assert!(!files.path.exists());
        assert!(files.write(whose, claim, b"late").is_err(), "the directory has gone");
        let nowhere = Files::nowhere(Path::new("/"));
        assert!(nowhere.write(whose, claim, b"a job").is_err());
        nowhere.end();
    }
}
