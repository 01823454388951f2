use swoole::{PacketSource, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "unix-dgram:///tmp/echo.sock", frame = eof_check("\r\n"))]
impl Echo {
    fn on_packet(&mut self, _worker: &Worker<Self>, _from: &PacketSource, _data: &[u8]) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
