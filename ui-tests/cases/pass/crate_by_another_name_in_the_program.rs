//! The crate by another name in the program itself, where Cargo.toml has its own.
#![deny(warnings)]
extern crate swoole as original;
use sw::{CloseReason, SessionId, Worker};
use swoole as sw;

#[derive(Default)]
struct Echo {
    f: Vec<Box<dyn Fn() -> u8>>,
    r: std::rc::Rc<u8>,
}

#[sw::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) -> usize {
        self.f.len() + *self.r as usize
    }
}

#[derive(Default)]
struct Chat;

#[original::server(listen = "tcp://127.0.0.1:9501")]
impl Chat {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Chat::builder as fn() -> _);
}
