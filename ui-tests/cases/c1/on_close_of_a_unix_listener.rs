use swoole::{SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "unix:///tmp/echo.sock")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
