//! Which worker gets what a session sends: the ways to choose, and the words for them. Used by the acceptor and the reactors, in the master.

use crate::remote::Remote;
use core::net::IpAddr;

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

/// Worker and reactor of a session by its number.
pub(crate) fn fixed(session: u64, workers: usize, reactors: usize) -> (u16, u16) {
    let (workers, reactors) = (workers as u64, reactors as u64);
    ((session % workers) as u16, (session / workers % reactors) as u16)
}

/// The number of a client's address, the same for all its ports: of version 4 the address, else a hash of it. `None` for one of this machine
/// that has none.
pub(crate) fn by_address(remote: &Remote) -> Option<u64> {
    let address = remote.address()?.ip().to_canonical();
    Some(match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => {
            let (net, host) = ((u128::from(address) >> 64) as u64, u128::from(address) as u64);
            // Multiplied by 2^64 / the golden ratio: neighbours go to different workers, whether nets or hosts.
            (net.rotate_left(32) ^ host).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::{Ipv6Addr, SocketAddr};

    fn of(address: impl Into<IpAddr>, port: u16) -> Option<u64> {
        by_address(&Remote::Internet(SocketAddr::new(address.into(), port)))
    }

    #[test]
    fn a_client_is_known_by_its_address_and_not_by_its_port() {
        assert_eq!(of([127, 0, 0, 1], 1), Some(0x7f00_0001), "as in the original: modulo 4 worker 1");
        assert_eq!(of([127, 0, 0, 1], 1), of([127, 0, 0, 1], 2));
        let mapped = core::net::Ipv4Addr::new(10, 0, 0, 7).to_ipv6_mapped();
        assert_eq!(of(mapped, 1), of([10, 0, 0, 7], 1), "of both families one client");
        assert_eq!(of(Ipv6Addr::LOCALHOST, 1), of(Ipv6Addr::LOCALHOST, 2));
        assert_eq!(by_address(&Remote::Unix { pid: 1, uid: 2 }), None);
    }

    #[test]
    fn neighbours_of_version_6_are_spread_whether_by_net_or_by_host() {
        let count = |address: fn(u16) -> Ipv6Addr| {
            let mut counts = [0; 8];
            for number in 0..800 {
                counts[(of(address(number), 1).expect("it has one") % 8) as usize] += 1;
            }
            counts
        };
        for counts in
            [count(|host| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host)), count(|net| Ipv6Addr::new(0x2001, 0xdb8, 0, net, 0, 0, 0, 1))]
        {
            assert!(counts.iter().all(|count| (50..=200).contains(count)), "{counts:?}");
        }
    }
}
