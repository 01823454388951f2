#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect<'a>(&'a mut self, _worker: &'a Worker<Self>, _fd: SessionId) {}
    fn on_receive<'a, 'b>(&mut self, _worker: &'a Worker<Self>, _fd: SessionId, data: &'b [u8]) -> Result<(), &'b str>
    where
        'a: 'b,
    {
        core::str::from_utf8(data).map_or(Ok(()), Err)
    }
    fn on_close(&mut self, _worker: &'_ Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() {
    let _ = Echo::start as fn() -> _;
}
