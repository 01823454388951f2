//! Documentation, attributes and visibility of callbacks stay theirs.
#![deny(warnings, unused_attributes, unreachable_pub)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
pub struct Echo;

/// The block.
#[swoole::server(listen = "tcp://127.0.0.1:9501")]
#[allow(clippy::needless_pass_by_ref_mut)]
#[rustfmt::skip]
impl Echo {
    /// A client has connected.
    ///
    /// ```text
    /// #[cfg(no)]
    /// ```
    #[inline(always)]
    #[doc(alias = "onConnect")]
    pub fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    /** What it sends. */
    #[cold]
    #[must_use = "it is an error to throw away an error"]
    #[allow(unused_variables, unused_mut)]
    pub(crate) fn on_receive(&mut self, worker: &Worker<Self>, mut fd: SessionId, #[allow(unused_variables)] data: &[u8]) -> Result<(), String> {
        Ok(())
    }

    #[track_caller]
    pub(in crate) fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    #[doc(hidden)]
    #[inline(never)]
    pub fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
