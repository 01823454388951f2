use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(
    listen = "tcp://127.0.0.1:9501",
    dispatch = "idle",
    listener(name = "admin", listen = "tcp://127.0.0.1:9502", on_connect = greet, on_close = part),
)]
impl Echo {
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn greet(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn part(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
