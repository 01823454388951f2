mod net {
    #[derive(Default)]
    pub(super) struct Echo;

    #[swoole::server(listen = "tcp://127.0.0.1:9501")]
    impl Echo {
        fn on_connect(&mut self, _worker: &swoole::Worker<Self>, _fd: swoole::SessionId) {}
        fn on_receive(&mut self, _worker: &swoole::Worker<Self>, _fd: swoole::SessionId, _data: &[u8]) {}
        fn on_close(&mut self, _worker: &swoole::Worker<Self>, _fd: swoole::SessionId, _reason: swoole::CloseReason) {}
        fn on_start(master: &swoole::Master) {
            master.send(1, b"hello");
        }
        pub(super) fn helper(&self) {}
    }
}
use net::Echo;

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
