//! The error of a result may have no name.
#![deny(warnings)]
use swoole::{CloseReason, Lost, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_lost(&mut self, _worker: &Worker<Self>, _lost: &Lost) -> Result<(), impl std::fmt::Display> {
        Err(format!("{}", 1))
    }
    fn on_panic(_worker: &Worker<Self>, _fd: Option<SessionId>, _message: &str) -> Result<(), Box<impl std::error::Error>> {
        Err(Box::new(std::fmt::Error))
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
