//! Becoming another program, with some descriptors kept.

use core::sync::atomic::{AtomicBool, Ordering};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, FdFlag, fcntl},
    sys::memfd::{MFdFlags, memfd_create},
    unistd::fexecve,
};
use std::{
    ffi::{CString, OsStr, OsString},
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::{
        fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

/// Where the program lies that this process runs, as it was called: through a link that may lead elsewhere later. `None` where that cannot
/// be said.
pub(crate) fn called_as() -> Option<PathBuf> {
    let name = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let called = if name.components().count() > 1 {
        std::path::absolute(&name).ok()
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).map(|directory| directory.join(&name)).find(|candidate| is_this(candidate))
    };
    called.filter(|path| is_this(path)).or_else(|| std::env::current_exe().ok())
}

/// Whether that is the file that this process runs.
pub(crate) fn is_this(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (there, here) = (fs::metadata(path), fs::metadata("/proc/self/exe"));
    matches!((there, here), (Ok(there), Ok(here)) if (there.dev(), there.ino()) == (here.dev(), here.ino()))
}

/// A program to be run, whatever comes to lie at its path afterwards.
pub(crate) fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?.into())
}

/// A piece of memory to write into, for this process and those that inherit it.
pub(crate) fn note() -> io::Result<OwnedFd> {
    Ok(memfd_create(c"swoole-note", MFdFlags::MFD_CLOEXEC)?)
}

/// All that stands in it. A process gone wild may have made it endless.
pub(crate) fn read_note(note: &OwnedFd) -> io::Result<String> {
    const MOST: u64 = 1 << 20;
    let mut file = File::from(note.try_clone()?);
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(crate) fn add_to_note(note: &OwnedFd, text: &str) -> io::Result<()> {
    let mut file = File::from(note.try_clone()?);
    file.seek(SeekFrom::End(0))?;
    file.write_all(text.as_bytes())
}

/// Becomes this program, with the arguments and the environment of this process, one variable more, and these descriptors. Comes back only
/// with an error.
pub(crate) fn become_program(program: &OwnedFd, kept: &[BorrowedFd<'_>], name: &str, value: &str) -> io::Error {
    let become_it = || -> io::Result<core::convert::Infallible> {
        let text = |text: &OsStr| CString::new(text.as_bytes()).map_err(io::Error::other);
        let arguments = std::env::args_os().map(|argument| text(&argument)).collect::<io::Result<Vec<_>>>()?;
        let others = std::env::vars_os().filter(|(other, _)| other != name);
        let variables = others.chain([(OsString::from(name), OsString::from(value))]);
        let variables = variables.map(|(name, value)| {
            let mut variable = name;
            variable.push("=");
            variable.push(value);
            text(&variable)
        });
        let variables = variables.collect::<io::Result<Vec<_>>>()?;
        for fd in kept {
            fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
        }
        Ok(fexecve(program.as_fd(), &arguments, &variables)?)
    };
    match become_it() {
        Err(e) => e,
    }
}

/// The descriptors that this process was left by the program before it, which named them in a variable: `pid:number`, where the number is
/// that of a note.
pub(crate) struct Inherited {
    /// Each is taken once.
    taken: Vec<RawFd>,
}

/// What the variable of this name leaves to this process; `None` where there is none, or it is for another process: a command that user code
/// has started sees it too. The second time there is nothing left.
pub(crate) fn inherited(name: &str) -> Option<(Inherited, OwnedFd)> {
    static IS_TAKEN: AtomicBool = AtomicBool::new(false);
    let value = std::env::var(name).ok()?;
    let (pid, number) = value.split_once(':')?;
    if pid.parse() != Ok(std::process::id()) || IS_TAKEN.swap(true, Ordering::Relaxed) {
        return None;
    }
    let mut inherited = Inherited { taken: vec![0, 1, 2] };
    let note = inherited.take(number.parse().ok()?).ok()?;
    Some((inherited, note))
}

impl Inherited {
    /// Takes over a descriptor that the note names, and keeps it from the programs that this one starts.
    pub(crate) fn take(&mut self, number: RawFd) -> io::Result<OwnedFd> {
        if self.taken.contains(&number) {
            return Err(io::Error::other("a descriptor was left twice"));
        }
        self.taken.push(number);
        if !is_open(number) {
            return Err(Errno::EBADF.into());
        }
        // SAFETY: it is open, which the lines above asked. Nobody else owns it: the program before this one kept it for this function, as the
        // variable says, which names this very process; and it is taken once, asserted above.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        keep_to_this_program(&fd)?;
        Ok(fd)
    }
}

/// Whether a descriptor of this number is open.
pub(super) fn is_open(number: RawFd) -> bool {
    // SAFETY: F_GETFD takes a number and touches no memory; that the descriptor is open is what is asked.
    Errno::result(unsafe { libc::fcntl(number, libc::F_GETFD) }).is_ok()
}

/// Programs that this one starts do not get it.
pub(super) fn keep_to_this_program(fd: &OwnedFd) -> io::Result<()> {
    fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(())
}
