//! The context of `on_start` and `on_shutdown`.

use super::stats::Stats;
use crate::{layout::Memory, sync::Ordering};
use core::net::SocketAddr;

/// The master process: it holds the sockets and is trusted, so little can be done here. It sends nothing and has no sessions of its own.
pub struct Master {
    memory: &'static Memory,
    addresses: Vec<SocketAddr>,
}

impl Master {
    pub(crate) fn new(memory: &'static Memory, addresses: Vec<SocketAddr>) -> Self {
        Self { memory, addresses }
    }

    /// The process id of the master, which the server is known by. The original: `$serv->master_pid`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        // Relaxed: set before anybody could ask.
        self.memory.header().master_pid.load(Ordering::Relaxed)
    }

    /// The process id of the manager. The original: `$serv->manager_pid`.
    #[must_use]
    pub fn manager_pid(&self) -> u32 {
        // Relaxed: a number for people.
        self.memory.manager().pid.load(Ordering::Relaxed)
    }

    /// The addresses the server listens on, with the ports it really has.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The server's counters. The original: `$serv->stats`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::read(self.memory)
    }

    /// Shuts the server down in an orderly way. The original: `$serv->shutdown`.
    pub fn shutdown(&self) {
        // Relaxed: the bell that follows is a system call.
        self.memory.header().asks_shutdown.store(1, Ordering::Relaxed);
        self.memory.bells.master.ring();
    }
}
