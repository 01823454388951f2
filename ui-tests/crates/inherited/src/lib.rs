//! A server in a crate that takes another name of `swoole` from its workspace.
#![deny(warnings)]

use swoole_of_the_workspace::{CloseReason, SessionId, Worker};

/// The state of a worker.
#[derive(Default)]
pub struct Echo {
    seen: u32,
}

#[swoole_of_the_workspace::server(listen = "tcp://127.0.0.1:9501", workers = Echo::WORKERS, max_wait_time = mins(1) + secs(2))]
impl Echo {
    const WORKERS: u32 = 2;
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole_of_the_workspace::Result<()> {
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
    let _ = (Echo::start as fn() -> swoole_of_the_workspace::Result<()>, Echo::builder as fn() -> swoole_of_the_workspace::Builder<Echo>);
}
