#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    #[cfg(any())]
    fn on_start(_no: NoSuchType) {}
    #[cfg(target_family = "unix")]
    fn on_worker_start(_worker: &swoole::WorkerStart) -> Self {
        Self
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    #[cfg(debug_assertions)]
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    #[cfg(not(debug_assertions))]
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, data: &[u8]) -> Result<(), String> {
        Err(format!("{data:?}"))
    }
    #[cfg_attr(all(), inline)]
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() {
    let _ = Echo::start as fn() -> _;
}
