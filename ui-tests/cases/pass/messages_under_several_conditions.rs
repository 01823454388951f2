#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker, WorkerId};

#[derive(Default)]
struct Echo;

#[swoole::server(message_cell = 1024)]
impl Echo {
    fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) {
        let _ = worker.send_message(1, "text");
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    #[cfg(any())]
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: Nowhere) {}
    #[cfg(all())]
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: &str) {}
}

fn main() {
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
