//! Telling whoever started the server how it is, in the way of systemd: a datagram to the socket that a variable names. Used by the master.

use std::{
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

/// Where to say it.
pub(crate) struct Notifier {
    socket: UnixDatagram,
    to: SocketAddr,
}

impl Notifier {
    /// Where somebody listens: `NOTIFY_SOCKET`, a path, or a name of the kernel's behind an `@`.
    pub(crate) fn of_environment() -> Option<Self> {
        let name = std::env::var_os("NOTIFY_SOCKET")?;
        Self::to(&name).ok()
    }

    fn to(name: &OsStr) -> io::Result<Self> {
        let to = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        // Who does not listen keeps nobody from serving.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, to })
    }

    /// Says this, a line each; says whether it was taken.
    pub(crate) fn say(&self, lines: &str) -> bool {
        self.socket.send_to_addr(lines.as_bytes(), &self.to).is_ok()
    }
}

/// How often this process must show that it lives, if anybody asks that: half of what `WATCHDOG_USEC` says.
pub(crate) fn watchdog() -> Option<Duration> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let is_mine = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
    number("WATCHDOG_USEC").filter(|&microseconds| is_mine && microseconds > 0).map(|microseconds| Duration::from_micros(microseconds / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_arrives_at_a_path_and_at_a_name() {
        let path = std::env::temp_dir().join(format!("swoole-notify-{}", std::process::id()));
        let at_path = UnixDatagram::bind(&path).expect("a socket can be made there");
        let name = format!("swoole-notify-{}", std::process::id());
        let at_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).expect("a name")).expect("it is free");
        for (socket, written) in [(at_path, path.clone().into_os_string()), (at_name, format!("@{name}").into())] {
            assert!(Notifier::to(&written).expect("an address").say("READY=1"));
            let mut said = [0; 64];
            let length = socket.recv(&mut said).expect("it was said");
            assert_eq!(&said[..length], b"READY=1");
        }
        std::fs::remove_file(path).expect("it is ours");
    }
}
