#[swoole::server(listen = "tcp://127.0.0.1:9501")]
union Echo {
    small: u8,
    large: u64,
}
impl Echo {
    fn helper(&self) {}
}
fn main() {
    Echo { small: 1 }.helper();
    let _ = (Echo { large: 1 }, Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
