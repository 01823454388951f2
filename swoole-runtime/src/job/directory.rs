//! A server's directory for the files of its jobs: `swoole-PID-RANDOM` in `task_tmpdir`, for its owner alone, and locked for as long as a
//! process of the server lives. Made before the first fork, by the master.
//!
//! `task_tmpdir` may be everybody's, and shared by containers whose processes do not see each other: so a pid says nothing, and the lock
//! everything. (It also keeps away who tidies up: systemd-tmpfiles passes over what is locked.)
//!
//! If a process dies here: the lock is one of all processes of the server, and the kernel takes it from the last of them. Whoever starts
//! next and can lock the directory removes it; if that one dies over it, the one after.

use super::files::{Owner, each_of};
use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AtFlags, OFlag, openat},
    sys::stat::{Mode, fstat, fstatat, mkdirat},
    unistd::{UnlinkatFlags, fchown, geteuid, unlinkat},
};
use std::{
    fs::{File, TryLockError},
    hash::{BuildHasher, RandomState},
    io,
    path::Path,
};

/// How often another name is tried: a server that starts at the same time may take the directory for one that was left.
const TRIES: u32 = 100;

/// [master] Makes and locks it, and gives its name. Removes what dead servers have left beside it.
pub(super) fn make(task_tmpdir: &Path, owner: Owner) -> io::Result<(File, String)> {
    let parent = File::open(task_tmpdir)?;
    remove_left(&parent, owner);
    for _ in 0..TRIES {
        // The one source of numbers that nobody guesses which the standard library has.
        let name = format!("swoole-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0));
        match mkdirat(&parent, name.as_str(), Mode::S_IRWXU) {
            Ok(()) => {}
            Err(Errno::EEXIST) => continue,
            Err(e) => return Err(e.into()),
        }
        match lock(&parent, &name, owner) {
            Ok(Some(directory)) => {
                if owner != (None, None) {
                    fchown(&directory, owner.0, owner.1)?;
                }
                return Ok((directory, name));
            }
            Ok(None) => {}
            Err(e) => {
                let _ = unlinkat(&parent, name.as_str(), UnlinkatFlags::RemoveDir);
                return Err(e);
            }
        }
    }
    Err(io::Error::other("other servers take away what is made there"))
}

/// Opens and locks a directory of our own; `None` when another has locked it, or has removed it meanwhile, or it is nobody's we know.
fn lock(parent: &File, name: &str, owner: Owner) -> io::Result<Option<File>> {
    let how = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let directory = match openat(parent, name, how, Mode::empty()) {
        Ok(fd) => File::from(fd),
        // Gone; or a file, or a link.
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let here = fstat(&directory)?;
    if here.st_uid != geteuid().as_raw() && owner.0.is_none_or(|user| here.st_uid != user.as_raw()) {
        return Ok(None);
    }
    match directory.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(e)) => return Err(e),
    }
    // Whoever removes it has locked it first: what is there now, under the lock, stays.
    let there = fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW);
    Ok(there.is_ok_and(|there| (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)).then_some(directory))
}

/// Removes the directories whose servers are dead.
fn remove_left(parent: &File, owner: Owner) {
    let Ok(mut entries) = Dir::openat(parent, ".", OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty()) else { return };
    for entry in entries.iter().flatten() {
        if let Some(name) = entry.file_name().to_str().ok().filter(|name| is_of_a_server(name))
            && let Ok(Some(directory)) = lock(parent, name, owner)
        {
            each_of(&directory, |file| {
                let _ = unlinkat(&directory, file, UnlinkatFlags::NoRemoveDir);
            });
            // Fails where anything else is left in it: that is not ours to remove.
            let _ = unlinkat(parent, name, UnlinkatFlags::RemoveDir);
        }
    }
}

fn is_of_a_server(name: &str) -> bool {
    let parts = name.strip_prefix("swoole-").and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(pid, random)| pid.parse::<u32>().is_ok() && random.len() == 16 && u64::from_str_radix(random, 16).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_the_dead_have_left_is_removed_and_what_the_living_have_is_not() {
        let parent = std::env::temp_dir().join(format!("swoole-directories-{}", std::process::id()));
        fs::create_dir(&parent).expect("a directory can be made");
        let (living, name) = make(&parent, (None, None)).expect("a directory can be made");
        let (dead, left) = make(&parent, (None, None)).expect("another, too");
        fs::write(parent.join(&left).join("job-0-0-1.in"), "left").expect("a file can be written");
        assert_ne!(name, left);
        let (_third, _) = make(&parent, (None, None)).expect("another, too");
        assert!(parent.join(&name).exists() && parent.join(&left).exists(), "they live");
        // Its last process has ended.
        drop(dead);
        let (_fourth, _) = make(&parent, (None, None)).expect("another, too");
        assert!(parent.join(&name).exists() && !parent.join(&left).exists());
        drop(living);
        fs::remove_dir_all(&parent).expect("it is ours");
    }

    #[test]
    fn only_the_names_of_servers_are_taken_for_such() {
        assert!(is_of_a_server("swoole-1-0123456789abcdef"));
        for name in
            ["swoole", "swoole-1", "swoole-x-0123456789abcdef", "swoole-1-0123", "swoole-1-0123456789abcdeg", "a-swoole-1-0123456789abcdef"]
        {
            assert!(!is_of_a_server(name), "{name}");
        }
    }
}
