#[swoole::server(listen = "tcp://127.0.0.1:9501")]
const ECHO: u8 = 1;
fn helper() -> u8 {
    ECHO
}
fn main() {
    // Nothing has a `start` or a `builder` here.
    helper();
}
