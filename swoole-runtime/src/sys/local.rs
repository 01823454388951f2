//! A socket that has a name in the file system.

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
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::{
            fs::{FileTypeExt, MetadataExt, PermissionsExt},
            net::UnixListener,
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
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    path: PathBuf,
    file: Identity,
}

/// The permissions of a socket for its user alone.
#[cfg(feature = "cli")]
pub(crate) const PRIVATE: u32 = 0o600;

/// How many may wait to be accepted there, so that who cannot wait is told at once.
#[cfg(feature = "cli")]
pub(crate) const FEW: u32 = 64;

/// How often, and how long, who starts at the same time in the same directory is waited for.
const LOCK_TRIES: u32 = 50;
/// The same for who ends, and must not hold others up for it.
const LOCK_TRIES_AT_THE_END: u32 = 5;
const LOCK_WAIT: Duration = Duration::from_millis(10);

/// Device and number of a file, and when it was made: numbers are given out again.
type Identity = (u64, u64, (i64, i64));

/// Listens at this path. The socket that a dead process has left there is replaced; `None` where a live one listens. The file has these
/// permissions, or what the umask leaves.
pub(crate) fn listen(path: &Path, mode: Option<u32>, backlog: u32) -> io::Result<Option<Named>> {
    let backlog = Backlog::new(i32::try_from(backlog).unwrap_or(i32::MAX))?;
    let bound = place(path, mode, SockType::Stream, |fd| Ok(listen_on(fd, backlog)?))?;
    Ok(bound.map(|(fd, place)| Named { listener: UnixListener::from(fd), place }))
}

/// The same for packets.
pub(crate) fn receive(path: &Path, mode: Option<u32>) -> io::Result<Option<(OwnedFd, Placed)>> {
    place(path, mode, SockType::Datagram, |_| Ok(()))
}

fn place(
    path: &Path,
    mode: Option<u32>,
    kind: SockType,
    open: impl FnOnce(&OwnedFd) -> io::Result<()>,
) -> io::Result<Option<(OwnedFd, Placed)>> {
    let _lock = lock(path, LOCK_TRIES);
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => return Err(io::Error::other("there is a file of this name that is no socket")),
        Ok(_) => match connect_as(path, kind) {
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path)?,
            // One that is too busy to answer lives, too, and one of another kind.
            Ok(_) => return Ok(None),
            Err(e) if e.kind() == ErrorKind::WouldBlock || e.raw_os_error() == Some(Errno::EPROTOTYPE as i32) => return Ok(None),
            Err(e) => return Err(e),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let fd = socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    // Before it has a name: the file gets this mode, less the umask, and nobody else ever finds it more open.
    if let Some(mode) = mode {
        fchmod(&fd, Mode::from_bits_truncate(mode))?;
    }
    bind(fd.as_raw_fd(), &UnixAddr::new(path)?)?;
    let place = Placed { path: path.to_owned(), file: identity(&fs::symlink_metadata(path)?) };
    let opened = || -> io::Result<()> {
        if let Some(mode) = mode {
            // What the umask took. The directory is locked, and the name is ours.
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        open(&fd)
    };
    if let Err(e) = opened() {
        let _ = fs::remove_file(path);
        return Err(e);
    }
    Ok(Some((fd, place)))
}

/// Who else looks and binds in this directory does so before or after. Where it cannot be locked, two that start at the same time may each
/// take the other for dead.
fn lock(path: &Path, tries: u32) -> Option<File> {
    let directory = File::open(path.parent().unwrap_or(Path::new("/"))).ok()?;
    for _ in 0..tries {
        if directory.try_lock().is_ok() {
            return Some(directory);
        }
        thread::sleep(LOCK_WAIT);
    }
    None
}

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino(), (file.mtime(), file.mtime_nsec()))
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
    /// That of a socket which this process has been given.
    pub(crate) fn found(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), file: identity(&fs::symlink_metadata(path).ok()?) })
    }

    /// Takes the name away, unless it is another's by now.
    pub(crate) fn remove(&self) {
        let is_ours = || fs::symlink_metadata(&self.path).is_ok_and(|there| identity(&there) == self.file);
        if !is_ours() {
            return;
        }
        // Nobody replaces it between the look and the removal.
        let _lock = lock(&self.path, LOCK_TRIES_AT_THE_END);
        if is_ours() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A connection to who listens at this path. Does not wait for somebody who is too busy.
///
/// # Errors
/// `NotFound` and `ConnectionRefused` where nobody listens, `WouldBlock` where too many wait already.
#[cfg(any(feature = "cli", test))]
pub(crate) fn connect(path: &Path) -> io::Result<std::os::unix::net::UnixStream> {
    let stream = std::os::unix::net::UnixStream::from(connect_as(path, SockType::Stream)?);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn connect_as(path: &Path, kind: SockType) -> io::Result<OwnedFd> {
    let fd = socket(AddressFamily::Unix, kind, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)?;
    loop {
        match connect_to(fd.as_raw_fd(), &UnixAddr::new(path)?) {
            Err(Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
            Ok(()) => return Ok(fd),
        }
    }
}

/// The process at the other end, and its user, as they were when the connection was made.
pub(crate) fn peer(stream: &impl AsFd) -> Option<(i32, u32)> {
    getsockopt(stream, sockopt::PeerCredentials).ok().map(|credentials| (credentials.pid(), credentials.uid()))
}

/// A directory for this user alone.
#[cfg(feature = "cli")]
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    Ok(nix::unistd::mkdir(path, Mode::S_IRWXU)?)
}

/// Whether this directory is this user's own, and nobody else may write in it.
#[cfg(feature = "cli")]
pub(crate) fn is_own_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_dir() && there.uid() == user() && there.mode() & 0o022 == 0)
}

/// The user that this process acts as.
#[cfg(feature = "cli")]
pub(crate) fn user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of a test's own.
    struct Here(PathBuf);

    impl Here {
        fn new(name: &str) -> Self {
            let directory = std::env::temp_dir().join(format!("swoole-local-{}-{name}", std::process::id()));
            fs::create_dir_all(&directory).expect("a directory can be made");
            Self(directory)
        }

        fn path(&self) -> PathBuf {
            self.0.join("socket")
        }
    }

    impl Drop for Here {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn at(path: &Path, mode: Option<u32>) -> io::Result<Option<Named>> {
        listen(path, mode, 4)
    }

    #[test]
    fn what_a_dead_server_has_left_is_replaced_and_a_live_one_stays() {
        let here = Here::new("live");
        let path = here.path();
        let first = at(&path, None).expect("it can listen").expect("nobody else does");
        assert!(at(&path, None).expect("it can look").is_none(), "a live one stays");
        let left = first.place().clone();
        drop(first);
        assert!(fs::symlink_metadata(&path).is_ok(), "the file is left");
        let second = at(&path, None).expect("it can listen").expect("nobody does");
        left.remove();
        assert!(connect(&path).is_ok(), "it is another's by now");
        second.place().remove();
        assert!(fs::symlink_metadata(&path).is_err());
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let here = Here::new("file");
        let path = here.path();
        fs::write(&path, "mine").expect("a file can be written");
        assert!(at(&path, None).is_err());
        assert_eq!(fs::read_to_string(&path).expect("it is there"), "mine");
        let _ = fs::remove_file(&path);
    }

    #[test]
    fn the_file_has_the_permissions_that_were_asked_for() {
        for mode in [0o600, 0o660, 0o777] {
            let here = Here::new(&format!("mode-{mode:o}"));
            let path = here.path();
            let named = at(&path, Some(mode)).expect("it can listen").expect("nobody else does");
            assert_eq!(fs::symlink_metadata(&path).expect("it is there").mode() & 0o777, mode);
            named.place().remove();
        }
    }

    #[test]
    fn of_those_who_start_at_once_one_listens() {
        let here = Here::new("race");
        let path = here.path();
        drop(at(&path, None).expect("it can listen"));
        let starts: Vec<_> = (0..8)
            .map(|_| {
                thread::spawn({
                    let path = path.clone();
                    move || at(&path, None).expect("it can look")
                })
            })
            .collect();
        let listening: Vec<_> = starts.into_iter().filter_map(|start| start.join().expect("it does not panic")).collect();
        assert_eq!(listening.len(), 1);
        listening[0].place().remove();
    }
}
