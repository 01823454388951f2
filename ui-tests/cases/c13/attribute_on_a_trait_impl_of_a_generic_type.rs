struct Echo<T>(T);
#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl<T: Default + 'static> Default for Echo<T> {
    fn default() -> Self {
        Self(T::default())
    }
}
impl<T> Echo<T> {
    fn helper(&self) {}
}
fn main() {
    Echo(1_u8).helper();
    let _ = (Echo::<u8>::start as fn() -> _, Echo::<u8>::builder as fn() -> _);
}
