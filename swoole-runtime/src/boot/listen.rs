//! Binding every listener, before anything is forked: an error leaves nothing behind.

use crate::{
    error::{Error, Result},
    logging,
    settings::{ListenUrl, Resolved, Scheme},
    sys::{listener, passed::Passed},
};
use core::net::SocketAddr;
use std::{borrow::Cow, io, net::TcpListener};

/// The URL as it was written, the socket, and the address it really has.
pub(super) type Bound = (String, TcpListener, SocketAddr);

/// Where else to listen, in a sentence.
const ELSEWHERE: &str =
    if cfg!(feature = "cli") { "listen elsewhere: `--listen tcp://HOST:PORT`" } else { "listen elsewhere: SWOOLE_LISTEN=tcp://HOST:PORT" };

/// Of the sockets that were passed to this process, those with an address to listen on are listened on, and no other is made for it.
pub(super) fn bind(settings: &Resolved, mut passed: Passed) -> Result<Vec<Bound>> {
    let mut bound = Vec::new();
    for url in &settings.listen {
        bound.push(bind_one(url, settings, &mut passed)?);
    }
    for address in passed.left() {
        logging::warn!("a socket that listens on {address} was passed to the server, and no `listen` names that address: it is closed");
    }
    Ok(bound)
}

/// What `--check` says of settings in which nothing is wrong, once every host is known.
#[cfg(feature = "cli")]
pub(super) fn checked(settings: &Resolved) -> Result<String> {
    let mut said = Vec::new();
    for url in &settings.listen {
        said.push(format!("{url} ({})", address(url)?.1));
    }
    let count = |n: usize, of: &str| format!("{n} {of}{}", if n == 1 { "" } else { "s" });
    let (workers, reactors) = (count(settings.workers, "worker"), count(settings.reactors, "reactor"));
    Ok(format!("the configuration is fine: {workers} and {reactors} would listen on {}\n", said.join(", ")))
}

fn address(url: &str) -> Result<(ListenUrl<'_>, SocketAddr)> {
    let parsed = ListenUrl::parse(url).map_err(|fault| Error::start(format!("{url:?} is no address to listen on: {fault}"), ""))?;
    let address = parsed.resolve().map_err(|e| {
        Error::start_io(format!("the host of {url} is not known"), e, "write an address of this machine, or `0.0.0.0` for all")
    })?;
    Ok((parsed, address))
}

fn bind_one(url: &str, settings: &Resolved, passed: &mut Passed) -> Result<Bound> {
    let (parsed, address) = address(url)?;
    let failed = |e: io::Error| {
        let change = match e.kind() {
            io::ErrorKind::AddrInUse => {
                Cow::Owned(format!("end the program that listens there, or {ELSEWHERE}, port 0 for any that is free"))
            }
            io::ErrorKind::AddrNotAvailable => Cow::Borrowed("this machine has no such address: use one that it has, or `0.0.0.0` for all"),
            io::ErrorKind::PermissionDenied => Cow::Borrowed("ports below 1024 need privileges: use a higher one"),
            _ => Cow::Borrowed(ELSEWHERE),
        };
        Error::start_io(format!("cannot listen on {url}"), e, change)
    };
    if let Some(socket) = passed.of(address) {
        logging::info!("the socket of {url} was passed to the server");
        listener::set_nodelay(&socket, settings.tcp_nodelay).map_err(failed)?;
        return Ok((url.to_owned(), socket, address));
    }
    let socket = listener::tcp(address, parsed.scheme == Scheme::Tcp6, settings.backlog, settings.tcp_nodelay).map_err(failed)?;
    // A port 0 has become one.
    let bound = socket.local_addr().map_err(failed)?;
    Ok((url.to_owned(), socket, bound))
}
