//! Becoming another program, with some descriptors kept.

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
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
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
fn is_this(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (there, here) = (fs::metadata(path), fs::metadata("/proc/self/exe"));
    matches!((there, here), (Ok(there), Ok(here)) if (there.dev(), there.ino()) == (here.dev(), here.ino()))
}

/// A program to be run, whatever comes to lie at its path afterwards.
pub(crate) fn open(path: &Path) -> io::Result<OwnedFd> {
    Ok(OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?.into())
}

/// A piece of memory to write into, for this process and those that inherit it.
pub(crate) fn note(text: &str) -> io::Result<OwnedFd> {
    let mut note = File::from(memfd_create(c"swoole-note", MFdFlags::MFD_CLOEXEC)?);
    note.write_all(text.as_bytes())?;
    Ok(note.into())
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

/// Takes over a descriptor that this process has inherited, and keeps it from the programs that this one starts.
///
/// # Safety
/// - Nothing else in this process owns a descriptor of this number, now or later.
pub(crate) unsafe fn inherit(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD takes a number and touches no memory; that the descriptor is open is what is asked.
    Errno::result(unsafe { libc::fcntl(number, libc::F_GETFD) })?;
    // SAFETY: it is open, which the line above asked, and nobody else owns it; guaranteed by the caller.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl(&fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(fd)
}

/// The numbers of descriptors, as a process says them to its next program.
pub(crate) fn numbers(fds: &[BorrowedFd<'_>]) -> Vec<RawFd> {
    fds.iter().map(AsRawFd::as_raw_fd).collect()
}
