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
}

/// A checked URL, cut into its parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListenUrl<'a> {
    /// What kind of socket.
    pub scheme: Scheme,
    /// Without the brackets of an IPv6 address.
    pub host: &'a str,
    /// 0 for any that is free.
    pub port: u16,
}

macro_rules! fault {
    ($what:literal, $help:literal) => {
        crate::fault::fault!("listen" $what,
            "an address is `tcp://HOST:PORT`, or `tcp6://HOST:PORT` for IPv6 alone; an IPv6 address stands in brackets", $help)
    };
}

/// What is wrong with this URL. A host name is taken as it is: whether it resolves shows at the start.
pub(crate) const fn fault(url: &str) -> Option<Fault> {
    let url = url.as_bytes();
    let after_scheme = if starts_with(url, b"tcp://") {
        6
    } else if starts_with(url, b"tcp6://") {
        7
    } else if starts_with(url, b"udp://") || starts_with(url, b"udp6://") {
        return fault!("names a datagram socket, which is not there yet", "write `listen = \"tcp://127.0.0.1:9501\"`");
    } else if starts_with(url, b"unix://") || starts_with(url, b"unix-dgram://") {
        return fault!("names a unix socket, which is not there yet", "write `listen = \"tcp://127.0.0.1:9501\"`");
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
        let (scheme, rest) = match url.strip_prefix("tcp6://") {
            Some(rest) => (Scheme::Tcp6, rest),
            None => (Scheme::Tcp, url.strip_prefix("tcp://").ok_or(broken)?),
        };
        let (host, port) = rest.rsplit_once(':').ok_or(broken)?;
        Ok(Self { scheme, host: host.trim_start_matches('[').trim_end_matches(']'), port: port.parse().map_err(|_| broken)? })
    }

    /// The first address of the host that this kind of socket can have.
    ///
    /// # Errors
    /// Of the look-up, or when there is no such address.
    pub fn resolve(&self) -> io::Result<SocketAddr> {
        (self.host, self.port)
            .to_socket_addrs()?
            .find(|address| self.scheme == Scheme::Tcp || address.is_ipv6())
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
            ("tcp://my-host.local:80", Scheme::Tcp, "my-host.local", 80),
        ] {
            assert_eq!(ListenUrl::parse(url), Ok(ListenUrl { scheme, host, port }), "{url}");
        }
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
            "udp://1.2.3.4:80",
            "unix:///tmp/a",
            "127.0.0.1:80",
            "tcp://h:-1",
            "tcp://h:000080",
        ] {
            let line = ListenUrl::parse(url).expect_err(url);
            assert!(line.starts_with("`listen` ") && line.contains("listen = \"tcp"), "{url}: {line}");
        }
    }
}
