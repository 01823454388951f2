//! By what a server is known from outside, and the server before it that had these names, if one had.
//!
//! If the process dies here: the kernel takes the lock of the pid file back; sockets with a file are taken away by manager and standby.

use super::{IS_OPERATED, daemon::Command, pid_file_failed};
#[cfg(feature = "cli")]
use super::{control, update::Update};
use crate::{
    contract::Server,
    error::Result,
    layout::Memory,
    master,
    settings::Resolved,
    sys::{listener::Placed, passed::Passed, pid_file::PidFile},
};
#[cfg(feature = "cli")]
use crate::{logging, sys::local::Named};
use std::path::Path;

/// What this server has to do with the one before it.
pub(super) struct Before {
    /// The one whose place it takes, if there is one.
    #[cfg(feature = "cli")]
    pub(super) update: Option<Update>,
    /// The files of unix sockets that are not another's, to be removed at the end.
    pub(super) places: Vec<Placed>,
}

#[cfg(feature = "cli")]
impl Before {
    pub(super) fn of_environment<S: Server>(settings: &Resolved) -> Result<Self> {
        Ok(Self { update: Update::of_environment::<S>(settings)?, places: Vec::new() })
    }

    pub(super) fn is_there(&self) -> bool {
        self.update.is_some()
    }

    pub(super) fn sockets(&mut self) -> Option<Passed> {
        self.update.as_mut().map(Update::sockets)
    }

    /// Files of that one at which this one does not listen.
    pub(super) fn leaves(&mut self, files: Vec<Placed>) {
        if let Some(update) = &mut self.update {
            update.left = files;
        }
    }

    /// Why this one has failed is told to that one.
    pub(super) fn ends(&self, governed: &Result<()>) {
        if let (Some(update), Err(e)) = (&self.update, governed) {
            update.is_refused(e);
        }
    }

    /// [child] The line is the master's alone.
    pub(super) fn leave(&mut self) {
        self.update = None;
    }
}

#[cfg(not(feature = "cli"))]
impl Before {
    #[allow(clippy::extra_unused_type_parameters, reason = "as with the feature")]
    pub(super) fn of_environment<S: Server>(_: &Resolved) -> Result<Self> {
        Ok(Self { places: Vec::new() })
    }

    pub(super) fn is_there(&self) -> bool {
        false
    }

    pub(super) fn sockets(&mut self) -> Option<Passed> {
        None
    }

    pub(super) fn ends(&self, _: &Result<()>) {}

    pub(super) fn leave(&mut self) {}
}

/// By what the server is known from outside, beside its listeners.
pub(super) struct Names<'a> {
    pub(super) memory: &'static Memory,
    pub(super) command: &'a mut Command,
    pub(super) pid_file: Option<PidFile>,
}

impl master::Names for Names<'_> {
    fn take(&mut self) -> Result<()> {
        if !IS_OPERATED {
            return Ok(());
        }
        let path = self.memory.settings.pid_file.as_deref().map(Path::new);
        self.pid_file = path.map(|path| PidFile::write(path).map_err(|e| pid_file_failed(path, e))).transpose()?;
        self.command.server_listens();
        Ok(())
    }

    #[cfg(feature = "cli")]
    fn control(&mut self) -> Option<Named> {
        let bound = control::bind(&self.memory.settings);
        bound.inspect_err(|e| logging::error!("no command will reach this server: {e}")).ok().flatten()
    }

    #[cfg(feature = "cli")]
    fn give_up(&mut self) {
        self.pid_file = None;
    }
}
