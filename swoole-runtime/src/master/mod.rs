//! The master: the process the server is known by. Its main thread accepts, hears signals and watches the manager; its reactor threads
//! own the sockets.
//!
//! If it dies here: the kernel closes every socket and the lifeline; workers are killed by the kernel, manager and standby see it.

mod accept;
#[cfg(feature = "cli")]
mod arrival;
#[cfg(feature = "cli")]
mod control;
mod family;
mod life;
mod open;
mod shutdown;
#[cfg(feature = "cli")]
mod stats_file;
mod supervisor;
#[cfg(feature = "cli")]
mod update;

#[cfg(feature = "cli")]
pub(crate) use arrival::Arrival;

#[cfg(feature = "cli")]
use crate::sys::{local::Named, standard::Standard};
use crate::{
    context::SessionInfo,
    contract::{self, Server},
    dispatch::{Dispatch, Mode},
    error::Result,
    frame::Framing,
    id::SessionId,
    layout::Memory,
    reactor::Program,
    sys::{
        lifeline::Life as Lifeline,
        listener::{Address, Placed, Socket},
        packet::Packets,
        pidfd::PidFd,
    },
};
use core::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "cli")]
use std::path::PathBuf;

/// A socket that listens.
pub(crate) struct Listener {
    pub(crate) name: &'static str,
    /// As it was written.
    pub(crate) url: String,
    pub(crate) socket: Socket,
    /// The one it really has.
    pub(crate) address: Address,
    /// The file of a unix socket that this server has made.
    pub(crate) place: Option<Placed>,
    /// That file is another server's, as long as this one has not taken its place.
    pub(crate) is_handed_over: bool,
}

impl Listener {
    /// 0 where it has none.
    pub(crate) fn port(&self) -> u16 {
        match self.address {
            Address::Internet(address) => address.port(),
            Address::Path(_) | Address::Abstract(_) => 0,
        }
    }
}

/// What the master brings along from its birth.
pub(crate) struct Born {
    /// Kept open as long as the master lives, and by nobody else.
    pub(crate) life: Lifeline,
    /// The main one first.
    pub(crate) listeners: Vec<Listener>,
    pub(crate) manager: PidFd,
    pub(crate) standby: PidFd,
    pub(crate) manager_line: Packets,
    pub(crate) standby_line: Packets,
    /// By which workers pass files: for each reactor one of each slot.
    pub(crate) file_lines: Vec<Vec<Packets>>,
    /// Where commands come in.
    #[cfg(feature = "cli")]
    pub(crate) control: Option<Named>,
    /// Where the program lies that may take the place of this one.
    #[cfg(feature = "cli")]
    pub(crate) program: Option<PathBuf>,
    /// What standard output and error were before the log became what they are.
    #[cfg(feature = "cli")]
    pub(crate) standard: Option<Standard>,
    /// The server whose place this one takes.
    #[cfg(feature = "cli")]
    pub(crate) arrival: Option<Arrival>,
}

/// [master] Runs the server until it is shut down, or another has taken its place.
pub(crate) fn govern<S: Server>(memory: &'static Memory, born: Born, names: &mut dyn Names) -> Result<()> {
    life::Life::begin(memory, born)?.go_on::<S>(names)
}

/// By what the server is known from outside, beside its listeners.
pub(crate) trait Names {
    /// It listens.
    ///
    /// # Errors
    /// One of the start.
    fn take(&mut self) -> Result<()>;

    /// Where commands come in, for a server that has taken the place of another: only now.
    #[cfg(feature = "cli")]
    fn control(&mut self) -> Option<Named>;

    /// Another takes them.
    #[cfg(feature = "cli")]
    fn give_up(&mut self);
}

/// Whether what comes in on this listener may wait, cut or not, before a worker has it.
#[cfg(feature = "cli")]
pub(crate) fn keeps_tails<S: Server>(listener: usize) -> bool {
    S::DISPATCHING.mode.is_by_package() || S::FRAMES.get(listener).is_some_and(Option::is_some)
}

/// A server, as its reactors ask for what is compiled in.
struct ProgramOf<S>(PhantomData<fn() -> S>);

impl<S: Server> Program for ProgramOf<S> {
    const FRAMES: bool = !S::FRAMES.is_empty();
    const PACKETS: bool = contract::takes_packets::<S>();
    const CELLS: bool = contract::has_cells::<S>();
    const WATERMARKS: bool = S::DISPATCH.on_buffer_full.is_some() || S::DISPATCH.on_buffer_empty.is_some();
    const MODE: Mode = S::DISPATCHING.mode;
    const HAS_EVENTS: bool = S::DISPATCHING.has_events;

    fn frame(listener: u8) -> Option<&'static Framing> {
        S::FRAMES.get(usize::from(listener))?.as_ref()
    }

    /// The function is trusted, and outside of the isolation of workers: a panic of it closes one session.
    fn ask(memory: &'static Memory, session: SessionId, package: &[u8]) -> Option<Dispatch> {
        let session = SessionInfo::of(memory, session)?;
        let function = S::DISPATCHING.function?;
        catch_unwind(AssertUnwindSafe(|| function(&session, package))).ok()
    }
}
