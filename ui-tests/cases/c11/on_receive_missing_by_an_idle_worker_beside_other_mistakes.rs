#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", dispatch = "idle", baklog = 512)]
impl Echo {
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
