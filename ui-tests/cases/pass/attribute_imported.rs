//! The attribute by a name of its own, and in braces.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker, server, server as a_server};

#[derive(Default)]
struct Echo;
#[derive(Default)]
struct Chat;

#[server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

#[a_server { workers = 2 }]
impl Chat {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    Chat::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _, Chat::start as fn() -> _);
}
