//! Units, alone and in expressions; functions of the same name elsewhere are nobody's business.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

const HALF: u64 = 1 << 20;
const LARGE: bool = cfg!(target_pointer_width = "64");

mod mine {
    pub const fn mib(_: u64) -> u64 {
        4096
    }
}

#[derive(Default)]
struct Echo;
#[derive(Default)]
struct Chat;

#[swoole::server(
    listen = "tcp6://[::1]:0",
    max_wait_time = mins(1) + secs(30),
    ring_memory = if LARGE { gib(1) } else { mib(64) },
    socket_buffer_size = kib(64) * 2 + { kib(1) },
    buffer_output_size = if HALF < mib(2) { HALF } else { mib(2) },
)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

#[swoole::server(
    listen = "tcp://localhost:80",
    max_wait_time = 5,
    ring_memory = mib(64) + mine::mib(1),
    socket_buffer_size = mib(1) / 2 * 2,
    buffer_output_size = 65_536,
)]
impl Chat {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn secs(&self) -> u64 {
        HALF
    }
}

fn main() {
    Echo.helper();
    assert_eq!(Chat.secs(), HALF);
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _, Chat::start as fn() -> _);
}
