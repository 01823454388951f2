mod echo {

    #[derive(Default)]
    pub struct Echo;

    #[swoole::server(listen = "udp://127.0.0.1:9501")]
    impl Echo {
        pub fn helper(&self) {}
    }
}

fn main() {
    echo::Echo.helper();

    let _ = (echo::Echo::start as fn() -> _, echo::Echo::builder as fn() -> _);
}
