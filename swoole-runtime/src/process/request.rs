//! What somebody outside asks of a running server, over a socket that the master listens on: one line, and one answer for each connection.
//!
//! Used by the master, and by the commands of the same program. As text: the two may be of different versions.
//!
//! If a process dies here: an answer that does not end with [`END`] is none; what was asked for may have been done.

/// How a request and its answer begin.
pub(crate) const HEAD: &str = "swoole-control 1 ";

/// No request has more bytes, its end of line among them.
pub(crate) const LONGEST: usize = 64;

/// What stands behind the head of an answer: rows follow, or the reason, in words.
pub(crate) const DONE: &str = "ok";
pub(crate) const REFUSED: &str = "no ";

/// The last line of an answer.
pub(crate) const END: &str = "end";

/// A row of words, whose blanks count.
pub(crate) const REASON: &str = "reason ";

/// One request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    /// How the server and its processes are.
    Status,
    /// A page of sessions: those in the rows of the table from here on.
    Connections {
        from: usize,
    },
    /// To end, at once or in good order; answered at the end.
    Stop {
        now: bool,
    },
    /// That processes be replaced, workers among them or task workers alone; answered when they are.
    Reload {
        workers: bool,
    },
    /// The end of the process in this slot.
    Kill {
        slot: usize,
    },
    ReopenLog,
    /// That the program at its path take its place, with all sessions; answered when it has.
    Update,
}

impl Request {
    pub(crate) fn line(self) -> String {
        let words = match self {
            Self::Status => "status".to_owned(),
            Self::Connections { from } => format!("connections {from}"),
            Self::Stop { now } => format!("stop {}", u8::from(now)),
            Self::Reload { workers } => format!("reload {}", u8::from(workers)),
            Self::Kill { slot } => format!("kill {slot}"),
            Self::ReopenLog => "reopen".to_owned(),
            Self::Update => "update".to_owned(),
        };
        format!("{HEAD}{words}\n")
    }

    /// `None` for a line that is no request of this version.
    pub(crate) fn read(line: &[u8]) -> Option<Self> {
        let words = core::str::from_utf8(line).ok()?.strip_prefix(HEAD)?;
        let (word, number) = words.split_once(' ').unwrap_or((words, "0"));
        let number: usize = number.parse().ok()?;
        Some(match word {
            "status" => Self::Status,
            "connections" => Self::Connections { from: number },
            "stop" => Self::Stop { now: number != 0 },
            "reload" => Self::Reload { workers: number != 0 },
            "kill" => Self::Kill { slot: number },
            "reopen" => Self::ReopenLog,
            "update" => Self::Update,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_as_what_it_was() {
        for request in [
            Request::Status,
            Request::Connections { from: usize::MAX },
            Request::Stop { now: true },
            Request::Stop { now: false },
            Request::Reload { workers: true },
            Request::Reload { workers: false },
            Request::Kill { slot: 2047 },
            Request::ReopenLog,
            Request::Update,
        ] {
            let line = request.line();
            assert!(line.len() <= LONGEST, "{line}");
            assert_eq!(Request::read(line.trim_end().as_bytes()), Some(request));
        }
        for line in
            ["", "status", "swoole-control 2 status", "swoole-control 1 dance", "swoole-control 1 kill -1", "swoole-control 1 kill x"]
        {
            assert_eq!(Request::read(line.as_bytes()), None, "{line}");
        }
        assert_eq!(Request::read(b"swoole-control 1 \xff"), None);
    }
}
