//! Which worker gets what a session sends: the ways to choose, and the words for them. Used by the acceptor and the reactors, in the master.

/// What a function of a server's own says of a package: see the key `dispatch`.
///
/// ```
/// use swoole_runtime::{Dispatch, context::SessionInfo};
///
/// /// Packages that begin with the same byte go to the same worker; empty lines go nowhere.
/// fn by_first_byte(_session: &SessionInfo, data: &[u8]) -> Dispatch {
///     match data {
///         [] | [b'\n', ..] => Dispatch::Discard,
///         [first, ..] => Dispatch::To((*first).into()),
///     }
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dispatch {
    /// The package is for the worker of this number, modulo the number of workers: a hash will do.
    To(u64),
    /// Nobody gets it. The session goes on.
    Discard,
}

/// How a worker is chosen. Made by the expansion of `#[swoole::server]`, by the key `dispatch`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// By the session's id: one worker for all its life.
    Fixed,
    /// By the client's address.
    Ip,
    /// As `Fixed`, until `bind` names a user; from then on by that number.
    Uid,
    /// The one with the fewest sessions when it is accepted.
    LeastConn,
    /// One after the other, a package each.
    RoundRobin,
    /// For each package a worker that is asleep, or else the one with the least to do.
    Idle,
    /// For each package the one with the fewest requests under way.
    LeastReq,
    /// As a function of the server's own says, for each package.
    Function,
}

impl Mode {
    /// Whether each package may go to another worker.
    pub(crate) const fn is_by_package(self) -> bool {
        matches!(self, Self::RoundRobin | Self::Idle | Self::LeastReq | Self::Function)
    }
}
