use swoole::{SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "udp://127.0.0.1:9501")]
impl Echo {
    fn on_packet(&mut self, _worker: &Worker<Self>, _from: SessionId, _data: &[u8]) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
