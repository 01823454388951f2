//! A stream socket that has a name in the file system, for its user alone.

use nix::{
    errno::Errno,
    sys::{
        socket::{
            AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect as connect_to, getsockopt, listen as listen_on, socket,
            sockopt,
        },
        stat::{Mode, fchmod},
    },
};
use std::{
    fs::{self, File, Metadata},
    io::{self, ErrorKind},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::{
            fs::{FileTypeExt, MetadataExt},
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// A listener and its name.
pub(crate) struct Named {
    pub(crate) listener: UnixListener,
    place: Placed,
}

/// Its name, as long as that is its own.
#[derive(Clone)]
pub(crate) struct Placed {
    path: PathBuf,
    /// Device and number of the file.
    file: (u64, u64),
}

/// How many may wait to be accepted, so that who cannot wait is told at once.
const BACKLOG: i32 = 64;

/// How often, and how long, who starts at the same time in the same directory is waited for.
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// Listens at this path. The socket that a dead process has left there is replaced; `None` where a live one listens.
pub(crate) fn listen(path: &Path) -> io::Result<Option<Named>> {
    let _lock = lock(path.parent().unwrap_or(Path::new("/")));
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => return Err(io::Error::other("there is a file of this name that is no socket")),
        Ok(_) => match connect(path) {
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            // One that is too busy to answer lives, too.
            Ok(_) => return Ok(None),
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(e) => return Err(e),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    // Before it has a name: the file gets this mode, and nobody else ever finds it open.
    fchmod(&fd, Mode::S_IRUSR | Mode::S_IWUSR)?;
    bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    let place = Placed { path: path.to_owned(), file: identity(&fs::symlink_metadata(path)?) };
    listen_on(&fd, Backlog::new(BACKLOG)?)?;
    Ok(Some(Named { listener: UnixListener::from(fd), place }))
}

/// Who else looks and binds in this directory does so before or after. Where it cannot be locked, two that start at the same time may each
/// take the other for dead.
fn lock(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    for _ in 0..LOCK_TRIES {
        if directory.try_lock().is_ok() {
            return Some(directory);
        }
        thread::sleep(LOCK_WAIT);
    }
    None
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Named {
    pub(crate) fn place(&self) -> &Placed {
        &self.place
    }
}

impl AsFd for Named {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

impl Placed {
    /// Takes the name away, unless it is another's by now.
    pub(crate) fn remove(&self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|there| identity(&there) == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A connection to who listens at this path. Does not wait for somebody who is too busy.
///
/// # Errors
/// `NotFound` and `ConnectionRefused` where nobody listens, `WouldBlock` where too many wait already.
pub(crate) fn connect(path: &Path) -> io::Result<UnixStream> {
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    loop {
        match connect_to(fd.as_raw_fd(), &UnixAddr::new(path)?) {
            Err(Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
            Ok(()) => break,
        }
    }
    let stream = UnixStream::from(fd);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// The process that listens at the other end.
pub(crate) fn peer(stream: &UnixStream) -> Option<i32> {
    getsockopt(stream, sockopt::PeerCredentials).ok().map(|credentials| credentials.pid())
}

/// A directory for this user alone.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    Ok(nix::unistd::mkdir(path, Mode::S_IRWXU)?)
}

/// Whether this directory is this user's own, and nobody else may write in it.
pub(crate) fn is_own_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_dir() && there.uid() == user() && there.mode() & 0o022 == 0)
}

/// The user that this process acts as.
pub(crate) fn user() -> u32 {
    nix::unistd::geteuid().as_raw()
}
