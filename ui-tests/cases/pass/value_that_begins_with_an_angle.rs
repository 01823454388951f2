//! The comma is one of the type, not of the attribute.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

trait HasWorkers {
    const WORKERS: u32;
}
impl<A, B> HasWorkers for (A, Result<A, B>) {
    const WORKERS: u32 = 2;
}

trait More<A, B> {
    const MORE: u32;
}
impl<A, B> More<A, B> for std::collections::HashMap<A, B> {
    const MORE: u32 = 1;
}

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = <(u8, Result<u8, u8>) as HasWorkers>::WORKERS + <std::collections::HashMap<u8, u8> as More<u8, u8>>::MORE)]
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
