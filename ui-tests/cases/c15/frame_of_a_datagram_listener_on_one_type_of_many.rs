use swoole::{PacketSource, Worker};

#[derive(Default)]
struct Echo<T>(T);

#[swoole::server(listen = "udp://127.0.0.1:9501", frame = eof_check("\r\n"))]
impl Echo<u8> {
    fn on_packet(&mut self, _worker: &Worker<Self>, _from: &PacketSource, _data: &[u8]) {}
    fn helper(&self) {}
}

fn main() {
    Echo(1_u8).helper();

    let _ = (Echo::<u8>::start as fn() -> _, Echo::<u8>::builder as fn() -> _);
}
