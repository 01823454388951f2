//! Who is at the other end of a session. Written by the master when it accepts, read by every process.

use core::{fmt, net::SocketAddr};

/// The client of a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Remote {
    /// Its address and port.
    Internet(SocketAddr),
    /// A process of this machine, and its user, as they were when it connected to a unix socket; 0 for both where the kernel does not say.
    #[non_exhaustive]
    Unix {
        /// The process.
        pid: u32,
        /// Its user.
        uid: u32,
    },
}

impl Remote {
    /// Its address and port; `None` for one of this machine that has none.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Internet(address) => Some(*address),
            Self::Unix { .. } => None,
        }
    }
}

impl fmt::Display for Remote {
    /// `127.0.0.1:4711`, or `unix:1234` with the process's id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Internet(address) => address.fmt(f),
            Self::Unix { pid, .. } => write!(f, "unix:{pid}"),
        }
    }
}
