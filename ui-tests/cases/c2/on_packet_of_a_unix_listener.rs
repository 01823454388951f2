#[derive(Default)]
struct Echo;

#[swoole::server(listen = "unix-dgram:///tmp/echo.sock")]
impl Echo {
    fn helper(&self) {}
}

fn main() {
    Echo.helper();

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
