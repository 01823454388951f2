//! Nothing unsafe bears a place in the user's program.
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = 2, max_wait_time = secs(3))]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
