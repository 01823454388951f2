mod echo {
    use swoole::{PacketSource, Worker};

    #[derive(Default)]
    pub struct Echo;

    #[swoole::server(listen = "udp://127.0.0.1:9501", frame = eof_check("\r\n"))]
    impl Echo {
        fn on_packet(&mut self, _worker: &Worker<Self>, _from: &PacketSource, _data: &[u8]) {}
        pub fn helper(&self) {}
    }
}

fn main() {
    echo::Echo.helper();

    let _ = (echo::Echo::start as fn() -> _, echo::Echo::builder as fn() -> _);
}
