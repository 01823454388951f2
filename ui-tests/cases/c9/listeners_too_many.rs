use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501",
    listener(name = "l0"), listener(name = "l1"), listener(name = "l2"), listener(name = "l3"),
    listener(name = "l4"), listener(name = "l5"), listener(name = "l6"), listener(name = "l7"),
    listener(name = "l8"), listener(name = "l9"), listener(name = "l10"), listener(name = "l11"),
    listener(name = "l12"), listener(name = "l13"), listener(name = "l14"), listener(name = "l15")
)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
