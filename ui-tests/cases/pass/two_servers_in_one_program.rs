#![deny(warnings)]

mod echo {
    use swoole::{CloseReason, SessionId, Worker};

    #[derive(Default)]
    pub struct Server;

    #[swoole::server(listen = "tcp://127.0.0.1:9501")]
    impl Server {
        fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
        fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
        fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    }
}

mod chat {
    use swoole::{CloseReason, SessionId, Worker};

    #[derive(Default)]
    pub struct Server;

    #[swoole::server(listen = "tcp://127.0.0.1:9502")]
    impl Server {
        fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
        fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
        fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    }
}

fn main() {
    let _ = (echo::Server::start as fn() -> _, chat::Server::builder as fn() -> _);
}
