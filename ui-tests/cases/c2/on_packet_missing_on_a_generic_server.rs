#[derive(Default)]
struct Echo<T>(T);

#[swoole::server(listen = "udp://127.0.0.1:9501")]
impl<T: Default + 'static> Echo<T> {
    fn helper(&self) {}
}

fn main() {
    Echo(1_u8).helper();

    let _ = (Echo::<u8>::start as fn() -> _, Echo::<u8>::builder as fn() -> _);
}
