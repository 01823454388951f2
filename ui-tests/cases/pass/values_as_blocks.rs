//! Values that are blocks, conditions, casts and calls of constant functions, of the user and of the standard library.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(
    listen = "tcp://127.0.0.1:9501",
    workers = const { 1 + 1 },
    max_conn = if cfg!(debug_assertions) { 10 } else { 1_000 },
    reactors = 'a: { break 'a 2 },
    backlog = u16::MAX as u32,
    log_level = concat!("in", "fo"),
    tcp_nodelay = matches!(1, 1..=2),
    max_wait_time = { const fn three() -> u64 { 3 } three() },
    ring_memory = (1u64 << 20).next_power_of_two()
)]
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
