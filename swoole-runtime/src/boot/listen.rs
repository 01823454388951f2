//! Binding every listener, before anything is forked: an error leaves nothing behind.

use crate::{
    error::{Error, Result},
    logging,
    master::Listener,
    settings::{ListenUrl, Listening, Place, Resolved, variable_of},
    sys::{
        listener::{self, Address, Options, Placed, Socket},
        passed::{Passed, Taken},
    },
};
use std::{
    borrow::Cow,
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    time::Duration,
};
use swoole_vocabulary::MAIN_LISTENER;

/// How often, and after how long, an address is asked for again that is in use.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// Where else this listener may listen, in a sentence.
fn elsewhere(name: &str) -> String {
    match (cfg!(feature = "cli"), name) {
        (true, MAIN_LISTENER) => "listen elsewhere: `--listen tcp://HOST:PORT`".to_owned(),
        (true, _) => format!("listen elsewhere: `--listener {name}.listen=URL`"),
        (false, MAIN_LISTENER) => "listen elsewhere: SWOOLE_LISTEN=tcp://HOST:PORT".to_owned(),
        (false, _) => format!("listen elsewhere: {}=URL", variable_of(name, "listen")),
    }
}

/// A socket, and its file where it has one.
type Bound = (Socket, Option<Placed>);

/// What a program has that takes packets: how their sockets are made, and what becomes of one that was passed.
#[derive(Clone, Copy)]
pub(super) struct ForPackets {
    pub(super) bind: fn(&Address, &Options) -> io::Result<Option<Bound>>,
    pub(super) take: fn(OwnedFd) -> io::Result<Socket>,
}

/// Of the sockets that were passed to this process, those with an address to listen on are listened on, and no other is made for it.
pub(super) fn bind(settings: &Resolved, passed: &mut Passed, packets: Option<ForPackets>) -> Result<Vec<Listener>> {
    let mut bound = Vec::new();
    for listening in &settings.listeners {
        match bind_one(listening, passed, packets) {
            Ok(listener) => bound.push(listener),
            Err(e) => {
                forget(&bound);
                return Err(e);
            }
        }
    }
    for address in passed.left() {
        logging::warn!("a socket that listens on {address} was passed to the server, and no `listen` names that address: it is closed");
    }
    Ok(bound)
}

/// Takes the names of unix sockets away again.
pub(super) fn forget(bound: &[Listener]) {
    bound.iter().filter(|listener| !listener.is_handed_over).filter_map(|listener| listener.place.as_ref()).for_each(Placed::remove);
}

/// What `--check` says of settings in which nothing is wrong, once every host is known.
#[cfg(feature = "cli")]
pub(super) fn checked(settings: &Resolved) -> Result<String> {
    let mut said = Vec::new();
    for Listening { url, .. } in &settings.listeners {
        said.push(match address(url)? {
            Address::Internet(address) => format!("{url} ({address})"),
            Address::Path(_) | Address::Abstract(_) => url.clone(),
        });
    }
    let count = |n: usize, of: &str| format!("{n} {of}{}", if n == 1 { "" } else { "s" });
    let (workers, reactors) = (count(settings.workers, "worker"), count(settings.reactors, "reactor"));
    Ok(format!("the configuration is fine: {workers} and {reactors} would listen on {}\n", said.join(", ")))
}

fn address(url: &str) -> Result<Address> {
    let parsed = ListenUrl::parse(url).map_err(|fault| Error::start(format!("{url:?} is no address to listen on: {fault}"), ""))?;
    match parsed.place {
        Place::Path(path) => Ok(Address::Path(PathBuf::from(path))),
        Place::Abstract(name) => Ok(Address::Abstract(name.as_bytes().to_owned())),
        Place::Host(..) => parsed.resolve().map(Address::Internet).map_err(|e| {
            Error::start_io(format!("the host of {url} is not known"), e, "write an address of this machine, or `0.0.0.0` for all")
        }),
    }
}

fn bind_one(
    Listening { name, url, options, datagrams, .. }: &Listening,
    passed: &mut Passed,
    packets: Option<ForPackets>,
) -> Result<Listener> {
    let address = address(url)?;
    let failed = |e: io::Error| failure(name, url, &address, e);
    let listener = |socket, address, place, is_handed_over| Listener { name, url: url.clone(), socket, address, place, is_handed_over };
    // Refused before, where the program takes none.
    let packets = packets.filter(|_| datagrams.is_some());
    if let Some(Taken { fd, address, has_file }) = passed.of(name, url, &address, packets.is_some()) {
        logging::info!("the socket of {url} was passed to the server");
        let place = match &address {
            Address::Path(path) if has_file => Placed::found(path),
            _ => None,
        };
        let socket = match packets {
            Some(packets) => (packets.take)(fd),
            None => Socket::passed(fd, &address, options),
        };
        let socket = socket.map_err(failed)?;
        return Ok(listener(socket, address, place, has_file));
    }
    let in_use = || io::Error::new(io::ErrorKind::AddrInUse, "another process listens there");
    let (socket, place) = match (packets, &address) {
        (Some(packets), _) => patiently(|| (packets.bind)(&address, options)?.ok_or_else(in_use)).map_err(failed)?,
        (None, Address::Internet(address)) => (listener::tcp(*address, options).map_err(failed)?, None),
        (None, Address::Abstract(name)) => (listener::abstract_unix(name, options).map_err(failed)?, None),
        (None, Address::Path(path)) => match listener::unix(path, options).map_err(failed)? {
            Some((socket, place)) => (socket, Some(place)),
            None => return Err(failed(in_use())),
        },
    };
    // A port 0 has become one; a path is as it was.
    let bound =
        if place.is_some() { address } else { Address::of(&socket).map_err(|e| Error::start_io(format!("{url} is lost"), e, ""))? };
    Ok(listener(socket, bound, place, false))
}

/// The workers of a server whose master was killed have its datagram sockets until they are gone, too, which the kernel sees to.
fn patiently<T>(bind: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..TRIES {
        match bind() {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => std::thread::sleep(PAUSE),
            bound => return bound,
        }
    }
    bind()
}

fn failure(name: &str, url: &str, address: &Address, e: io::Error) -> Error {
    let elsewhere = elsewhere(name);
    let change = match (e.kind(), address) {
        (io::ErrorKind::AddrInUse, Address::Internet(_)) => {
            Cow::Owned(format!("end the program that listens there, or {elsewhere}, port 0 for any that is free"))
        }
        (io::ErrorKind::AddrInUse, _) => Cow::Owned(format!("end the program that listens there, or {elsewhere}")),
        (io::ErrorKind::AddrNotAvailable, _) => {
            Cow::Borrowed("this machine has no such address: use one that it has, or `0.0.0.0` for all")
        }
        (io::ErrorKind::PermissionDenied, Address::Internet(_)) => Cow::Borrowed("ports below 1024 need privileges: use a higher one"),
        (io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound, Address::Path(path)) => {
            let directory = path.parent().unwrap_or(Path::new("/"));
            Cow::Owned(format!("name a path in a directory that is there and can be written, other than {}", directory.display()))
        }
        _ => Cow::Owned(elsewhere),
    };
    Error::start_io(format!("cannot listen on {url}"), e, change)
}
