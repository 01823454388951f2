#[derive(Default)]
#[swoole::server(listen = "tcp://127.0.0.1:9501")]
struct Echo;

impl Echo {
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
