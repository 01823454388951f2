//! Binding every listener, before anything is forked: an error leaves nothing behind.

use crate::{
    error::{Error, Result},
    settings::{ListenUrl, Resolved, Scheme},
    sys::listener,
};
use core::net::SocketAddr;
use std::{io, net::TcpListener};

/// The URL as it was written, the socket, and the address it really has.
pub(super) type Bound = (String, TcpListener, SocketAddr);

pub(super) fn bind(settings: &Resolved) -> Result<Vec<Bound>> {
    settings.listen.iter().map(|url| bind_one(url, settings)).collect()
}

fn bind_one(url: &str, settings: &Resolved) -> Result<Bound> {
    let parsed = ListenUrl::parse(url).map_err(|fault| Error::start(format!("{url:?} is no address to listen on: {fault}"), ""))?;
    let address = parsed.resolve().map_err(|e| {
        Error::start_io(format!("the host of {url} is not known"), e, "write an address of this machine, or `0.0.0.0` for all")
    })?;
    let failed = |e: io::Error| {
        let change = match e.kind() {
            io::ErrorKind::AddrInUse => {
                "end the program that listens there, or listen elsewhere: `--listen tcp://HOST:PORT`, port 0 for any that is free"
            }
            io::ErrorKind::AddrNotAvailable => "this machine has no such address: use one that it has, or `0.0.0.0` for all",
            io::ErrorKind::PermissionDenied => "ports below 1024 need privileges: use a higher one",
            _ => "listen elsewhere: `--listen tcp://HOST:PORT`",
        };
        Error::start_io(format!("cannot listen on {url}"), e, change)
    };
    let socket = listener::tcp(address, parsed.scheme == Scheme::Tcp6, settings.backlog, settings.tcp_nodelay).map_err(failed)?;
    let bound = listener::address(&socket).map_err(failed)?;
    Ok((url.to_owned(), socket, bound))
}
