use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

macro_rules! server {
    ($name:ident, $message:expr) => {
        #[swoole::server(listen = "tcp://127.0.0.1:9501")]
        impl $name {
            fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) {
                let _ = worker.send_message(0, $message);
            }
            fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
            fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
            fn helper(&self) {}
        }
    };
}
server!(Echo, "hello");

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
