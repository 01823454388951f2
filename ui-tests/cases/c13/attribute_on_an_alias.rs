struct Server;
#[swoole::server(listen = "tcp://127.0.0.1:9501")]
type Echo = Server;
impl Echo {
    fn helper(&self) {}
}
fn main() {
    // Nothing has a `start` or a `builder` here.
    Server.helper();
}
