#[swoole::server(listen = "tcp://127.0.0.1:9501")]
enum Echo {
    Idle,
}

impl Echo {
    fn helper(&self) {}
}

fn main() {
    Echo::Idle.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
