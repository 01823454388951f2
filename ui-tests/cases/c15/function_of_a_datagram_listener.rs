use swoole::{PacketSource, Worker};

#[allow(dead_code)]
fn find_end(_bytes: &[u8]) -> swoole::Frame {
    swoole::Frame::Incomplete
}
#[derive(Default)]
struct Echo;

#[swoole::server(listen = "udp://127.0.0.1:9501", frame = find_end)]
impl Echo {
    fn on_packet(&mut self, _worker: &Worker<Self>, _from: &PacketSource, _data: &[u8]) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
