#[swoole::server(listen = "tcp://127.0.0.1:9501")]
trait Echo {
    fn helper(&self);
}
impl Echo for u8 {
    fn helper(&self) {}
}
fn main() {
    // Nothing has a `start` or a `builder` here.
    1_u8.helper();
}
