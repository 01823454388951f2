#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

/// Not the unit: a path is never taken for one.
mod patience {
    pub const fn mins(halves: u64) -> u64 {
        halves * 30
    }
}

const fn my_patience() -> u64 {
    3
}

#[derive(Default)]
struct Echo;

#[swoole::server(max_wait_time = my_patience() + patience::mins(1))]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() {
    let _ = Echo::start as fn() -> _;
}
