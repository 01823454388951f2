//! A module of this name hides the crate from paths that do not begin with `::`.
#![deny(warnings)]

mod swoole {
    pub fn helper() {}
}

#[derive(Default)]
struct Echo;

#[::swoole::server(listen = "tcp://127.0.0.1:9501", max_wait_time = secs(3), ring_memory = mib(1))]
impl Echo {
    fn on_connect(&mut self, _worker: &::swoole::Worker<Self>, _fd: ::swoole::SessionId) {}
    fn on_receive(&mut self, _worker: &::swoole::Worker<Self>, _fd: ::swoole::SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &::swoole::Worker<Self>, _fd: ::swoole::SessionId, _reason: ::swoole::CloseReason) {}
    fn helper(&self) {
        swoole::helper();
    }
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
