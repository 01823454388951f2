//! Where the control socket lies: as the settings say, or by the user and the address that is listened on. Used by the server, which binds it,
//! and by commands, which look for it.

use crate::{
    error::{Error, Result},
    logging,
    settings::{Resolved, Settings},
    sys::local::{self, Named},
};
use std::{
    io::{Error as IoError, ErrorKind, Result as IoResult},
    path::{Path, PathBuf},
};

/// The directory of a user who has none for such files is there, with the user's number behind it.
const DIRECTORIES: &str = "/tmp/swoole-";

/// How long an address may be to stand in a name; of a longer one a number stands there.
const LONGEST: usize = 46;

/// Says where it lies by default, where nobody has said otherwise.
pub(in crate::boot) fn fill(settings: &mut Settings) {
    if settings.control.is_none()
        && let Some(place) = settings.listen.and_then(by_default).and_then(|places| places.into_iter().next())
        && let Ok(place) = place.into_os_string().into_string()
    {
        // Settings are read until the process ends, and this is done once.
        settings.control(place.leak());
    }
}

/// Where it lies, if it is to be there.
pub(in crate::boot) fn path(settings: &Settings) -> Option<PathBuf> {
    settings.control.filter(|control| !is_off(control)).map(PathBuf::from)
}

fn is_off(control: &str) -> bool {
    control.is_empty() || control == "off"
}

/// Where the server that these settings mean may have it, the likeliest first: it may have been started with another environment.
pub(super) fn meant(settings: &Settings) -> Result<Vec<PathBuf>> {
    let refused = |why: &str| Error::start(format!("it is not known which server is meant: {why}"), "name its socket: `--control PATH`");
    match (settings.control, settings.listen) {
        (Some(control), _) if is_off(control) => Err(refused("`control` is off")),
        (Some(control), _) => Ok(vec![PathBuf::from(control)]),
        (None, None) => Err(refused("there is no address, and no `control`")),
        (None, Some(listen)) => by_default(listen).ok_or_else(|| refused("port 0 is any port")),
    }
}

/// Every place where it may be by default, the best first; `None` for an address that says nothing.
fn by_default(listen: &str) -> Option<Vec<PathBuf>> {
    let address = listen.split_once("://")?.1;
    if address.rsplit(':').next()?.parse() == Ok(0_u16) {
        return None;
    }
    let hash = || address.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    // A path stands in no name.
    let name = if address.len() <= LONGEST && !address.contains('/') {
        format!("swoole-{address}.sock")
    } else {
        format!("swoole-{:016x}.sock", hash())
    };
    let of_session = std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|directory| directory.is_absolute() && directory.as_os_str().len() <= LONGEST && local::is_own_directory(directory));
    let of_user = PathBuf::from(format!("{DIRECTORIES}{}", local::user()));
    Some(of_session.into_iter().chain([of_user]).map(|directory| directory.join(&name)).collect())
}

/// [master] Listens there. What lies there by default and cannot be is only warned of: the server is as good without.
pub(in crate::boot) fn bind(settings: &Resolved) -> Result<Option<Named>> {
    let Some(path) = &settings.control else { return Ok(None) };
    let by_default = settings.is_control_default;
    let shown = path.display();
    let made = if by_default { own_directory(path) } else { Ok(()) };
    match made.and_then(|()| local::listen(path, Some(local::PRIVATE), local::FEW)) {
        Ok(Some(named)) => Ok(Some(named)),
        // Two that share a port have one such place by default.
        Ok(None) if by_default && settings.listeners.iter().any(|listener| listener.options.reuse_port) => {
            logging::warn!("no command will reach this server: another takes them at {shown}; `--control PATH` names another place");
            Ok(None)
        }
        Ok(None) => Err(Error::start(
            format!("another server runs, and takes commands at {shown}"),
            "end it, or give this one a socket of its own: `--control PATH`",
        )),
        Err(e) if by_default => {
            logging::warn!("no command will reach this server: {shown}: {e}");
            Ok(None)
        }
        Err(e) => Err(Error::start_io(format!("the control socket {shown} cannot be made"), e, "name another: `--control PATH`, or off")),
    }
}

/// Where it lies by default the directory may be missing, and must not be another's.
fn own_directory(socket: &Path) -> IoResult<()> {
    let directory = socket.parent().unwrap_or(Path::new("/"));
    match local::make_directory(directory) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(e),
        _ if local::is_own_directory(directory) => Ok(()),
        _ => Err(IoError::other("the directory is another's, or others may write in it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listen: &str) -> Option<String> {
        let places = by_default(listen)?;
        Some(places.last()?.file_name()?.to_string_lossy().into_owned())
    }

    #[test]
    fn each_address_has_a_socket_of_its_own_and_port_0_none() {
        assert_eq!(names("tcp://127.0.0.1:9501").as_deref(), Some("swoole-127.0.0.1:9501.sock"));
        assert_eq!(names("tcp6://[::1]:9501").as_deref(), Some("swoole-[::1]:9501.sock"));
        assert_eq!(names("tcp://127.0.0.1:0"), None);
        assert!(names("unix:///run/a.sock").is_some_and(|name| name.starts_with("swoole-") && name != "swoole-/run/a.sock.sock"));
        let long = |end: char| names(&format!("tcp://{}{end}:9501", "a".repeat(200))).expect("it has one");
        assert!(long('a').len() < 40 && long('a') != long('b'));
    }

    #[test]
    fn a_longest_path_by_default_fits_a_socket() {
        let directory = LONGEST.max(DIRECTORIES.len() + 10);
        assert!(directory + "/swoole-.sock".len() + LONGEST <= 107);
    }
}
