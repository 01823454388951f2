#[derive(Default)]
struct Echo;

#[swoole::server]
impl Echo {}

impl Echo {
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
