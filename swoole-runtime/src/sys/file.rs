//! A file that is to be sent: opened by the process that asks for it, as the user that it is.

use nix::fcntl::OFlag;
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Opens what lies at this path, and says how long it is; `None` where that is no regular file. Waits for nobody: the other end of a pipe may
/// never come.
pub(crate) fn open_regular(path: &Path) -> io::Result<Option<(File, u64)>> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits()).open(path) {
        // A socket, or a device that is not there.
        Err(e) if e.raw_os_error() == Some(libc::ENXIO) => return Ok(None),
        opened => opened?,
    };
    Ok(length_of_regular(&file)?.map(|length| (file, length)))
}

/// How long it is; `None` where it is no regular file.
pub(crate) fn length_of_regular(file: &File) -> io::Result<Option<u64>> {
    let is = file.metadata()?;
    Ok(is.is_file().then_some(is.len()))
}
