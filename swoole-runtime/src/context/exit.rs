//! How a worker ended that nobody had asked to end.

use crate::{
    error::spoken,
    event::Callback,
    id::{SessionId, WorkerId},
    sys::pidfd::Ended,
};
use core::{fmt, time::Duration};

/// What `on_worker_error` is told; what the original passes as worker id, pid, exit code and signal.
#[derive(Clone, Debug)]
pub struct WorkerExit {
    pub(crate) worker: WorkerId,
    pub(crate) user_process: Option<&'static str>,
    pub(crate) pid: u32,
    pub(crate) generation: u32,
    pub(crate) ended: Ended,
    pub(crate) callback: Option<Callback>,
    pub(crate) session: Option<SessionId>,
    pub(crate) in_callback: Option<Duration>,
    pub(crate) age: Duration,
    pub(crate) message: Option<String>,
}

impl WorkerExit {
    /// Which worker, task worker or user process.
    #[must_use]
    pub fn worker_id(&self) -> WorkerId {
        self.worker
    }

    /// The name of the user process that has ended; `None` for a worker or a task worker.
    #[must_use]
    pub fn user_process(&self) -> Option<&'static str> {
        self.user_process
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// 1 for the first process in this worker's place, one more for each that replaced it.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The exit code, when it exited by itself.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match self.ended {
            Ended::Exited(code) => Some(code),
            Ended::Signalled(_) | Ended::Unknown => None,
        }
    }

    /// The signal that ended it, when one did.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self.ended {
            Ended::Signalled(signal) => Some(signal),
            Ended::Exited(_) | Ended::Unknown => None,
        }
    }

    /// The callback it was in; `None` when it was in none.
    #[must_use]
    pub fn callback(&self) -> Option<Callback> {
        self.callback
    }

    /// The session it was serving; `None` when it was in no callback of a session.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// How long it had been in that callback, as fine as the kernel's tick.
    #[must_use]
    pub fn in_callback(&self) -> Option<Duration> {
        self.in_callback
    }

    /// How long the process had lived.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Its last words: what it panicked with, or why it could not start. Cut at 256 bytes.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.user_process {
            Some(name) => write!(f, "user process {name}")?,
            None => write!(f, "worker {}", self.worker)?,
        }
        write!(f, " (pid {}, generation {}, {} old) ", self.pid, self.generation, spoken(self.age))?;
        match self.ended {
            Ended::Exited(code) => write!(f, "exited with code {code}")?,
            Ended::Signalled(signal) => write!(f, "was ended by signal {signal}")?,
            Ended::Unknown => f.write_str("ended, nobody knows how")?,
        }
        if let Some(callback) = self.callback {
            write!(f, " in {callback}")?;
        }
        if let Some(session) = self.session {
            write!(f, " of session {session}")?;
        }
        if let Some(time) = self.in_callback {
            write!(f, " after {}", spoken(time))?;
        }
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}
