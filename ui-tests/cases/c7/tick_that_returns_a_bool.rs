use std::time::Duration;
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo {
    count: u64,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) -> swoole::Result<()> {
        worker.tick(Duration::from_secs(1), |this, _| this.helper() > 3)?;
        Ok(())
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) -> u64 {
        self.count
    }
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
