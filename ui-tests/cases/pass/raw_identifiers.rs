//! A raw name is the same name.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct r#Echo {
    r#type: u8,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501", r#workers = 2, max_wait_time = r#secs(3))]
impl r#Echo {
    fn r#on_connect(&mut self, _worker: &Worker<Self>, r#fn: SessionId) {
        println!("{}", r#fn.get());
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, r#match: &[u8]) {
        self.r#type = r#match.len() as u8;
    }
    fn r#on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
