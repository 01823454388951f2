//! The master: the process the server is known by. Its main thread accepts, hears signals and watches the manager; its reactor threads
//! own the sockets.
//!
//! If it dies here: the kernel closes every socket and the lifeline; workers are killed by the kernel, manager and standby see it.

mod accept;
#[cfg(feature = "cli")]
mod control;
mod family;
mod life;
mod supervisor;

#[cfg(feature = "cli")]
use crate::sys::local::Named;
use crate::{
    contract::Server,
    error::Result,
    layout::Memory,
    sys::{lifeline::Life as Lifeline, packet::Packets, pidfd::PidFd},
};
use core::net::SocketAddr;
use std::net::TcpListener;

/// What the master brings along from its birth.
pub(crate) struct Born {
    /// Kept open as long as the master lives, and by nobody else.
    pub(crate) life: Lifeline,
    pub(crate) listeners: Vec<(String, TcpListener, SocketAddr)>,
    pub(crate) manager: PidFd,
    pub(crate) standby: PidFd,
    pub(crate) manager_line: Packets,
    pub(crate) standby_line: Packets,
    /// Where commands come in.
    #[cfg(feature = "cli")]
    pub(crate) control: Option<Named>,
}

/// [master] Runs the server until it is shut down. `listens` is called once, when it does; an error of it is one of the start.
pub(crate) fn govern<S: Server>(memory: &'static Memory, born: Born, listens: Listens<'_>) -> Result<()> {
    life::Life::begin(memory, born)?.go_on::<S>(listens)
}

/// What is to be done when the server listens.
pub(crate) type Listens<'a> = &'a mut dyn FnMut() -> Result<()>;
