use swoole::{SessionId, Worker};

struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = 0, mode = "proces", colour = 1)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: u32, _data: &str) {}
    fn on_coffee(&mut self) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
