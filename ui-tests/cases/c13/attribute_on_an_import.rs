#[swoole::server(listen = "tcp://127.0.0.1:9501")]
use std::process as echo;
fn helper() {
    echo::id();
}
fn main() {
    // Nothing has a `start` or a `builder` here.
    helper();
}
