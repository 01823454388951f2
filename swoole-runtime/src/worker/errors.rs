//! Errors of callbacks, in the log. Used by the loops of workers and task workers.

use crate::{contract::Outcome, event::Callback, id::SessionId, logging, sys::clock};

/// How many errors of callbacks are logged in a second: a client, or a timer, must not fill the log.
const ERRORS_A_SECOND: u32 = 10;

/// What one process has logged of them.
#[derive(Default)]
pub(super) struct Errors {
    /// The second of the last one.
    second: u64,
    /// How many there were in it.
    count: u32,
}

impl Errors {
    /// Logs the error of a callback, if it has one and there were not too many.
    pub(super) fn report(&mut self, callback: Callback, fd: Option<SessionId>, outcome: Outcome) {
        let Err(failure) = outcome else { return };
        let second = clock::uptime_ms() / 1000;
        if second != self.second {
            let more = self.count.saturating_sub(ERRORS_A_SECOND);
            if more > 0 {
                logging::warn!("{more} more errors of callbacks in one second are not logged");
            }
            (self.second, self.count) = (second, 0);
        }
        self.count += 1;
        if self.count <= ERRORS_A_SECOND {
            match fd {
                Some(fd) => logging::warn!("{callback} of session {fd}: {}", failure.0),
                None => logging::warn!("{callback}: {}", failure.0),
            }
        }
    }
}
