struct Echo;
impl Echo {
    #[swoole::server(listen = "tcp://127.0.0.1:9501")]
    fn on_start(_master: &swoole::Master) {}
    fn helper(&self) {}
}
fn main() {
    // Nothing has a `start` or a `builder` here.
    Echo::on_start as fn(_);
    Echo.helper();
}
