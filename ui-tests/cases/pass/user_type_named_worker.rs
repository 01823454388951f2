//! Names of this crate are the user's own, too, where he has not imported ours.
#![deny(warnings)]

/// Not `swoole::Worker`.
#[derive(Default)]
struct Worker {
    seen: usize,
}
struct Server;
struct Settings;
struct SessionId(u64);
struct Master;
struct Builder;
struct CallbackReturn;

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = 2)]
impl Worker {
    fn on_start(_master: &swoole::Master) {
        let _ = (Master, Server, Settings, Builder, CallbackReturn);
    }
    fn on_connect(&mut self, _worker: &swoole::Worker<Self>, _fd: swoole::SessionId) {}
    fn on_receive(&mut self, _worker: &swoole::Worker<Worker>, fd: swoole::SessionId, data: &[u8]) {
        self.seen += data.len() + SessionId(fd.get()).0 as usize;
    }
    fn on_close(&mut self, _worker: &swoole::Worker<Self>, _fd: swoole::SessionId, _reason: swoole::CloseReason) {}
    fn helper(&self) -> usize {
        self.seen
    }
}

fn main() {
    assert_eq!(Worker::default().helper(), 0);
    let _ = (Worker::start as fn() -> _, Worker::builder as fn() -> _);
}
