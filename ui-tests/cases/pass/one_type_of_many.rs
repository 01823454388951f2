//! Two servers of one generic type.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo<T>(T);

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo<u8> {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) -> u8 {
        self.0
    }
}

#[swoole::server(listen = "tcp://127.0.0.1:9502", workers = 2)]
impl Echo<Vec<String>> {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) -> usize {
        self.0.len()
    }
}

fn main() {
    assert_eq!((Echo(1_u8).helper(), Echo(vec![String::new()]).helper()), (1, 1));
    let _ = (Echo::<u8>::start as fn() -> _, Echo::<Vec<String>>::builder as fn() -> _);
}
