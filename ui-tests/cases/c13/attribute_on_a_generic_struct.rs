#[derive(Default)]
#[swoole::server(listen = "tcp://127.0.0.1:9501")]
struct Echo<T>(T);
impl<T> Echo<T> {
    fn helper(&self) {}
}
fn main() {
    Echo(1_u8).helper();
    let _ = (Echo::<u8>::start as fn() -> _, Echo::<u8>::builder as fn() -> _);
}
