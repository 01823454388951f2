//! A server that is known in one function alone, and one in a constant.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

fn main() {
    const WORKERS: u32 = 2;

    #[derive(Default)]
    struct Echo;

    #[swoole::server(listen = "tcp://127.0.0.1:9501", workers = WORKERS)]
    impl Echo {
        fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
        fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
        fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
        fn helper(&self) {}
    }

    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);

    const _: () = {
        #[derive(Default)]
        struct Hidden;

        #[swoole::server(listen = "tcp://127.0.0.1:9502")]
        impl Hidden {
            fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
            fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
            fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
        }
    };
}
