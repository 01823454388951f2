//! What master and manager say to each other over their pair of sockets: whose child ended how, and who takes over.
//!
//! If a process dies here: a message that was sent waits in the socket for the next manager, and each is a fact that stays true.

use crate::sys::{packet::LENGTH, pidfd::Ended};

/// From the master, to the manager or to the standby.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ToManager {
    /// To the standby: the manager is dead, be it.
    TakeOver,
    /// This process, an orphan of your predecessor, lives; its descriptor comes along.
    Adopted { pid: u32 },
    /// This process, an orphan of your predecessor, has ended. Unknown when it was reaped before.
    Ended { pid: u32, ended: Ended },
    /// The standby has ended: fork another.
    StandbyEnded,
    /// To the standby: the server is through, end.
    Leave,
}

/// From the manager or the standby, to the master.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ToMaster {
    /// From the standby, its descriptor with it: I am there.
    Standby { pid: u32 },
    /// Is this your child by now? Comes back as `Adopted` or `Ended`.
    Adopt { pid: u32 },
    /// A worker is ready: accept.
    Ready,
    /// No worker becomes ready, or no process can be forked: give up. Why is in the log.
    Failed,
    /// All workers have ended, as was asked.
    AllEnded,
}

fn words(kind: u32, a: u32, b: u32, c: u32) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    for (to, word) in bytes.chunks_exact_mut(4).zip([kind, a, b, c]) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

fn word(bytes: &[u8; LENGTH], n: usize) -> u32 {
    u32::from_le_bytes([bytes[n * 4], bytes[n * 4 + 1], bytes[n * 4 + 2], bytes[n * 4 + 3]])
}

impl ToManager {
    pub(crate) fn bytes(self) -> [u8; LENGTH] {
        match self {
            Self::TakeOver => words(1, 0, 0, 0),
            Self::Adopted { pid } => words(2, pid, 0, 0),
            Self::Ended { pid, ended: Ended::Exited(code) } => words(3, pid, 1, code.cast_unsigned()),
            Self::Ended { pid, ended: Ended::Signalled(signal) } => words(3, pid, 2, signal.cast_unsigned()),
            Self::Ended { pid, ended: Ended::Unknown } => words(3, pid, 3, 0),
            Self::StandbyEnded => words(4, 0, 0, 0),
            Self::Leave => words(5, 0, 0, 0),
        }
    }

    pub(crate) fn of(bytes: &[u8; LENGTH]) -> Option<Self> {
        let (pid, value) = (word(bytes, 1), word(bytes, 3).cast_signed());
        Some(match (word(bytes, 0), word(bytes, 2)) {
            (1, _) => Self::TakeOver,
            (2, _) => Self::Adopted { pid },
            (3, 1) => Self::Ended { pid, ended: Ended::Exited(value) },
            (3, 2) => Self::Ended { pid, ended: Ended::Signalled(value) },
            (3, 3) => Self::Ended { pid, ended: Ended::Unknown },
            (4, _) => Self::StandbyEnded,
            (5, _) => Self::Leave,
            _ => return None,
        })
    }
}

impl ToMaster {
    pub(crate) fn bytes(self) -> [u8; LENGTH] {
        match self {
            Self::Standby { pid } => words(1, pid, 0, 0),
            Self::Adopt { pid } => words(2, pid, 0, 0),
            Self::Ready => words(3, 0, 0, 0),
            Self::Failed => words(4, 0, 0, 0),
            Self::AllEnded => words(5, 0, 0, 0),
        }
    }

    pub(crate) fn of(bytes: &[u8; LENGTH]) -> Option<Self> {
        let pid = word(bytes, 1);
        Some(match word(bytes, 0) {
            1 => Self::Standby { pid },
            2 => Self::Adopt { pid },
            3 => Self::Ready,
            4 => Self::Failed,
            5 => Self::AllEnded,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_comes_back_as_what_it_was() {
        for message in [
            ToManager::TakeOver,
            ToManager::Adopted { pid: 9 },
            ToManager::Ended { pid: 1, ended: Ended::Exited(-1) },
            ToManager::Ended { pid: 2, ended: Ended::Signalled(9) },
            ToManager::Ended { pid: 3, ended: Ended::Unknown },
            ToManager::StandbyEnded,
            ToManager::Leave,
        ] {
            assert_eq!(ToManager::of(&message.bytes()), Some(message));
        }
        for message in [ToMaster::Standby { pid: 7 }, ToMaster::Adopt { pid: 8 }, ToMaster::Ready, ToMaster::Failed, ToMaster::AllEnded] {
            assert_eq!(ToMaster::of(&message.bytes()), Some(message));
        }
        assert_eq!(ToManager::of(&[0; LENGTH]), None);
        assert_eq!(ToMaster::of(&[255; LENGTH]), None);
    }
}
