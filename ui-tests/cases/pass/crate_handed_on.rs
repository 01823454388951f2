//! A framework that hands this crate on: its users name it with the key `crate`.
#![deny(warnings)]

mod my_framework {
    pub use swoole;

    pub mod prelude {
        pub use swoole::{CloseReason, SessionId, Worker};
    }
}

use my_framework::prelude::*;

#[derive(Default)]
struct Echo;

#[my_framework::swoole::server(
    crate = my_framework::swoole,
    listen = "tcp://127.0.0.1:9501",
    workers = COUNT,
    max_wait_time = secs(3),
)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}
const COUNT: u32 = 2;

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
