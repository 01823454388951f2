//! Addresses as they are written: checked while compiling, resolved at the start.

use crate::fault::{Fault, starts_with};
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

/// The kind of socket that a URL names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// IPv4, or IPv6 where the host says so.
    Tcp,
    /// IPv6 alone.
    Tcp6,
    /// A stream socket with a name in the file system, or an abstract one.
    Unix,
    /// Datagrams: IPv4, or IPv6 where the host says so.
    Udp,
    /// Datagrams: IPv6 alone.
    Udp6,
    /// A datagram socket with a name in the file system, or an abstract one.
    UnixDatagram,
}

impl Scheme {
    const ALL: [(Self, &str); 6] = [
        (Self::Tcp, "tcp"),
        (Self::Tcp6, "tcp6"),
        (Self::Unix, "unix"),
        (Self::Udp, "udp"),
        (Self::Udp6, "udp6"),
        (Self::UnixDatagram, "unix-dgram"),
    ];

    /// The kind of socket of this URL, if it names one.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let (name, _) = url.split_once("://")?;
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(scheme, _)| *scheme)
    }

    /// As it is written before `://`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(scheme, _)| *scheme == self).map_or("", |(_, name)| name)
    }

    /// Whether what comes in are packets, and not sessions.
    #[must_use]
    pub const fn is_datagram(self) -> bool {
        matches!(self, Self::Udp | Self::Udp6 | Self::UnixDatagram)
    }

    /// Whether it has a path, and no port.
    #[must_use]
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::Unix | Self::UnixDatagram)
    }
}

/// A checked URL, cut into its parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListenUrl<'a> {
    /// What kind of socket.
    pub scheme: Scheme,
    /// Where.
    pub place: Place<'a>,
}

/// What stands behind the kind of socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place<'a> {
    /// A host, without the brackets of an IPv6 address, and a port, 0 for any that is free.
    Host(&'a str, u16),
    /// A path from the root.
    Path(&'a str),
    /// A name that no file has.
    Abstract(&'a str),
}

/// The longest name of a unix socket: what fits `sockaddr_un`, with a zero behind a path or before a name.
pub(crate) const LONGEST_PATH: usize = 107;

macro_rules! fault {
    ($what:literal, $help:literal) => {
        crate::fault::fault!("listen" $what,
            "an address is `tcp://HOST:PORT`, `tcp6://HOST:PORT` for IPv6 alone, or `unix:///PATH`, and for packets one of `udp://`, `udp6://` and \
             `unix-dgram://`; an IPv6 address stands in brackets", $help)
    };
}

/// What is wrong with this URL. A host name is taken as it is: whether it resolves shows at the start.
pub(crate) const fn fault(url: &str) -> Option<Fault> {
    let url = url.as_bytes();
    let after_scheme = if starts_with(url, b"tcp://") {
        6
    } else if starts_with(url, b"tcp6://") {
        7
    } else if starts_with(url, b"udp://") {
        6
    } else if starts_with(url, b"udp6://") {
        7
    } else if starts_with(url, b"unix://") {
        return fault_of_path(url, 7);
    } else if starts_with(url, b"unix-dgram://") {
        return fault_of_path(url, 13);
    } else {
        return fault!("names no kind of socket", "write `listen = \"tcp://127.0.0.1:9501\"`");
    };
    let mut colon = url.len();
    let mut i = after_scheme;
    while i < url.len() {
        if url[i] == b':' {
            colon = i;
        }
        i += 1;
    }
    if colon == url.len() || (url[url.len() - 1] == b']') {
        return fault!("names no port", "add one: `listen = \"tcp://127.0.0.1:9501\"`; port 0 takes any that is free");
    }
    if !port_fits(url, colon + 1) {
        return fault!("has a port that is no number from 0 to 65535", "write `listen = \"tcp://127.0.0.1:9501\"`");
    }
    if colon == after_scheme {
        return fault!("names no host", "write `listen = \"tcp://0.0.0.0:9501\"` for every address of this machine");
    }
    if url[after_scheme] == b'[' {
        if url[colon - 1] != b']' || !all(url, after_scheme + 1, colon - 1, Class::Ipv6) {
            return fault!("has no IPv6 address between its brackets", "write `listen = \"tcp://[::1]:9501\"`");
        }
    } else if !all(url, after_scheme, colon, Class::Name) {
        return fault!(
            "has a host with characters that no host has",
            "write `listen = \"tcp://127.0.0.1:9501\"`, an IPv6 address as `tcp://[::1]:9501`"
        );
    } else if all(url, after_scheme, colon, Class::Ipv4) {
        if !ipv4_fits(url, after_scheme, colon) {
            return fault!("has no IPv4 address: four numbers from 0 to 255 are one", "write `listen = \"tcp://127.0.0.1:9501\"`");
        }
        if after_scheme == 7 {
            return fault!("asks for IPv6 alone and names an IPv4 address", "write `listen = \"tcp6://[::]:9501\"`, or `tcp://` for IPv4");
        }
    }
    None
}

/// What is wrong with the path, or the abstract name, that begins there.
const fn fault_of_path(url: &[u8], from: usize) -> Option<Fault> {
    let length = url.len() - from;
    if length < 2 || !(url[from] == b'/' || url[from] == b'@') {
        return fault!(
            "names no path from the root, and no name behind an `@`",
            "write `listen = \"unix:///run/server.sock\"`, or `unix://@server` for one without a file"
        );
    }
    // An abstract name has its `@` for the zero.
    if length > LONGEST_PATH {
        return fault!("names a path of more than 107 bytes, which no socket can have", "write `listen = \"unix:///run/server.sock\"`");
    }
    if url[url.len() - 1] == b'/' {
        return fault!("names a directory", "write `listen = \"unix:///run/server.sock\"`");
    }
    let (mut i, mut digits) = (url.len(), 0);
    while i > from && url[i - 1].is_ascii_digit() {
        i -= 1;
        digits += 1;
    }
    if digits > 0 && url[i - 1] == b':' {
        return fault!(
            "names a unix socket with a port, which would be a part of its path",
            "write `listen = \"unix:///run/server.sock\"`"
        );
    }
    let mut i = from;
    while i < url.len() {
        if url[i] == 0 {
            return fault!("names a path with a zero in it", "write `listen = \"unix:///run/server.sock\"`");
        }
        i += 1;
    }
    None
}

#[derive(Clone, Copy)]
enum Class {
    Ipv4,
    Ipv6,
    Name,
}

/// Whether there is something from `from` to `to`, and all of this class.
const fn all(url: &[u8], from: usize, to: usize, class: Class) -> bool {
    let mut i = from;
    while i < to {
        let fits = match class {
            Class::Ipv4 => url[i].is_ascii_digit() || url[i] == b'.',
            Class::Ipv6 => url[i].is_ascii_hexdigit() || url[i] == b':' || url[i] == b'.',
            Class::Name => url[i].is_ascii_alphanumeric() || url[i] == b'.' || url[i] == b'-' || url[i] == b'_',
        };
        if !fits {
            return false;
        }
        i += 1;
    }
    from < to
}

const fn ipv4_fits(url: &[u8], from: usize, to: usize) -> bool {
    let (mut i, mut parts, mut value, mut digits) = (from, 1, 0_u32, 0);
    while i < to {
        if url[i] == b'.' {
            if digits == 0 {
                return false;
            }
            (parts, value, digits) = (parts + 1, 0, 0);
        } else {
            value = value * 10 + (url[i] - b'0') as u32;
            digits += 1;
            if value > 255 || digits > 3 {
                return false;
            }
        }
        i += 1;
    }
    parts == 4 && digits > 0
}

const fn port_fits(url: &[u8], from: usize) -> bool {
    let (mut i, mut value) = (from, 0_u32);
    while i < url.len() {
        if !url[i].is_ascii_digit() || i - from >= 5 {
            return false;
        }
        value = value * 10 + (url[i] - b'0') as u32;
        i += 1;
    }
    i > from && value <= 65535
}

impl<'a> ListenUrl<'a> {
    /// The parts of a URL in which the key `listen` finds nothing wrong; the fault's line otherwise.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    pub fn parse(url: &'a str) -> Result<Self, &'static str> {
        if let Some(fault) = fault(url) {
            return Err(fault.line);
        }
        let broken = "`listen` takes `tcp://HOST:PORT`";
        let scheme = Scheme::of(url).ok_or(broken)?;
        let (_, rest) = url.split_once("://").ok_or(broken)?;
        if scheme.is_unix() {
            let place = rest.strip_prefix('@').map_or(Place::Path(rest), Place::Abstract);
            return Ok(Self { scheme, place });
        }
        let (host, port) = rest.rsplit_once(':').ok_or(broken)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self { scheme, place: Place::Host(host, port.parse().map_err(|_| broken)?) })
    }

    /// The first address of the host that this kind of socket can have; of a unix socket there is none.
    ///
    /// # Errors
    /// Of the look-up, or when there is no such address.
    pub fn resolve(&self) -> io::Result<SocketAddr> {
        let Place::Host(host, port) = self.place else { return Err(io::ErrorKind::InvalidInput.into()) };
        (host, port)
            .to_socket_addrs()?
            .find(|address| !matches!(self.scheme, Scheme::Tcp6 | Scheme::Udp6) || address.is_ipv6())
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no such address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_cut_into_its_parts() {
        for (url, scheme, host, port) in [
            ("tcp://127.0.0.1:9501", Scheme::Tcp, "127.0.0.1", 9501),
            ("tcp://0.0.0.0:0", Scheme::Tcp, "0.0.0.0", 0),
            ("tcp://[::1]:65535", Scheme::Tcp, "::1", 65535),
            ("tcp6://[::]:1", Scheme::Tcp6, "::", 1),
            ("udp://127.0.0.1:53", Scheme::Udp, "127.0.0.1", 53),
            ("udp6://[::1]:0", Scheme::Udp6, "::1", 0),
            ("tcp://my-host.local:80", Scheme::Tcp, "my-host.local", 80),
        ] {
            assert_eq!(ListenUrl::parse(url), Ok(ListenUrl { scheme, place: Place::Host(host, port) }), "{url}");
        }
        for (url, place) in [
            ("unix:///run/a.sock", Place::Path("/run/a.sock")),
            ("unix:///run/a:b", Place::Path("/run/a:b")),
            ("unix://@a/b", Place::Abstract("a/b")),
        ] {
            assert_eq!(ListenUrl::parse(url), Ok(ListenUrl { scheme: Scheme::Unix, place }), "{url}");
        }
        let longest = format!("unix:///{}", "a".repeat(106));
        assert!(ListenUrl::parse(&longest).is_ok() && ListenUrl::parse(&format!("{longest}a")).is_err());
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_write() {
        for url in [
            "",
            "tcp",
            "tcp:/",
            "tcp://",
            "tcp://:1",
            "tcp://1.2.3.4",
            "tcp://1.2.3.4:",
            "tcp://1.2.3.4:65536",
            "tcp://1.2.3.4:9a",
            "tcp://1.2.3:80",
            "tcp://1.2.3.256:80",
            "tcp://1..2.3:80",
            "tcp://[::1]",
            "tcp://[::1:80",
            "tcp://::1:80",
            "tcp://[]:80",
            "tcp6://1.2.3.4:80",
            "tcp://a b:80",
            "http://a:80",
            "udp://1.2.3.4",
            "udp6://1.2.3.4:80",
            "unix://",
            "unix://@",
            "unix:///",
            "unix:///run/",
            "unix://run/a",
            "unix:///run/a:9501",
            "unix-dgram://tmp/a",
            "127.0.0.1:80",
            "tcp://h:-1",
            "tcp://h:000080",
        ] {
            let line = ListenUrl::parse(url).expect_err(url);
            assert!(
                line.starts_with("`listen` ") && (line.contains("listen = \"tcp") || line.contains("listen = \"unix")),
                "{url}: {line}"
            );
        }
    }
}
