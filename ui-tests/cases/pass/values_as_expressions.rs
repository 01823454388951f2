//! Any constant expression is a value: paths with turbofish, blocks, matches, casts, macros.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

trait HasWorkers {
    const WORKERS: u32;
}
struct Pair<A, B>(A, B);
impl<A, B> HasWorkers for Pair<A, B> {
    const WORKERS: u32 = 2;
}
const fn smaller<const A: u32, const B: u32>() -> u32 {
    if A < B { A } else { B }
}
const LEVELS: [&str; 2] = ["info", "debug"];
#[allow(unused_macros)]
macro_rules! backlog {
    () => {
        512
    };
}

#[derive(Default)]
struct Echo(u8);

#[swoole::server(
    listen = match LEVELS.len() { 2 => "tcp://127.0.0.1:9501", _ => "tcp://127.0.0.1:9502" },
    workers = Pair::<u8, Vec<u8>>::WORKERS + Echo::ONE,
    reactors = smaller::<3, 2>(),
    max_conn = { let thousand = 1000; thousand * 2 },
    backlog = backlog!(),
    tcp_nodelay = 1 < 2 && cfg!(unix),
    log_level = LEVELS[1],
    max_wait_time = u32::MAX as u64 % 3600 + 1,
)]
impl Echo {
    const ONE: u32 = Self::TWO - 1;
    const TWO: u32 = 2;
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) -> Pair<u8, u32> {
        Pair(self.0, Self::TWO)
    }
}

fn main() {
    let Pair(zero, two) = Echo::default().helper();
    assert_eq!((zero, two), (0, 2));
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
