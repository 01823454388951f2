use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo<T>(T);

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl<T: Default + 'static> Echo<T> {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: u64) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo(1_u8).helper();

    let _ = (Echo::<u8>::start as fn() -> _, Echo::<u8>::builder as fn() -> _);
}
