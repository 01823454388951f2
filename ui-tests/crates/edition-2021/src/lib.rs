//! A server in a crate of edition 2021.
#![deny(warnings)]

use swoole::{CloseReason, SessionId, Worker};

/// The state of a worker.
#[derive(Default)]
pub struct Echo {
    seen: u32,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = Echo::WORKERS, max_wait_time = mins(1) + secs(2))]
impl Echo {
    const WORKERS: u32 = 2;
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        worker.send(fd, data)?;
        Ok(())
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    /// What it has seen, and more.
    #[must_use]
    pub fn helper(&self) -> u32 {
        self.seen + Self::WORKERS
    }
}

#[test]
fn the_server_is_there() {
    assert_eq!(Echo::default().helper(), 2);
    let _ = (Echo::start as fn() -> swoole::Result<()>, Echo::builder as fn() -> swoole::Builder<Echo>);
}
