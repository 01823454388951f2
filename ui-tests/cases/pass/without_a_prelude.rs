#![no_implicit_prelude]
#![deny(warnings)]

mod core {}
mod std {}
#[allow(non_camel_case_types, dead_code)]
mod shadows {
    struct u8;
    struct str;
    struct Option;
    struct Self_;

    pub struct Echo;
    #[::swoole::server(listen = "tcp://127.0.0.1:9501", workers = 2, max_wait_time = secs(3))]
    impl Echo {
        fn on_worker_start(_worker: &::swoole::WorkerStart) -> Self {
            Self
        }
        fn on_connect(&mut self, _worker: &::swoole::Worker<Self>, _fd: ::swoole::SessionId) {}
        fn on_receive(&mut self, _worker: &::swoole::Worker<Self>, _fd: ::swoole::SessionId, _data: &[::core::primitive::u8]) {}
        fn on_close(&mut self, _worker: &::swoole::Worker<Self>, _fd: ::swoole::SessionId, _reason: ::swoole::CloseReason) {}
    }
}

fn main() {
    let _ = shadows::Echo::start as fn() -> _;
}
