#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

macro_rules! server {
    ($name:ident, $workers:expr, $data:ty, |$fd:ident| $body:block) => {
        #[derive(Default)]
        struct $name;

        #[swoole::server(workers = $workers, listen = "tcp://127.0.0.1:9501")]
        impl $name {
            fn on_connect(&mut self, _worker: &Worker<Self>, $fd: SessionId) $body
            fn on_receive(&mut self, _worker: &Worker<$name>, _fd: SessionId, _data: $data) {}
            fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
        }
    };
}

server!(Echo, 2, &[u8], |fd| { println!("{fd}") });
server!(Other, 1 + 1, &'_ [u8], |_fd| {});

fn main() {
    let _ = (Echo::start as fn() -> _, Other::start as fn() -> _);
}
