//! The server calls it all the same, and on purpose.
#![deny(warnings)]
use swoole::{CloseReason, Master, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    #[deprecated(note = "but still called")]
    fn on_start(_master: &Master) {}
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
