#[derive(Default)]
struct Echo;

#[swoole::server(listen = "udp6://[::]:9501")]
impl Echo {
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
