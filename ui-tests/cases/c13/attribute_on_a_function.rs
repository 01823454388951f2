#[swoole::server(listen = "tcp://127.0.0.1:9501")]
fn helper() {}

fn main() {
    helper();
}
