#![deny(warnings)]
use std::{fs::File, io};
use swoole::{CloseReason, SessionId, Worker, WorkerStart};

struct Journal(File);

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Journal {
    fn on_worker_start(worker: &WorkerStart) -> io::Result<Self> {
        File::create(format!("journal.{}", worker.id())).map(Self)
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, data: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.0, data)
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() {
    let _ = Journal::start as fn() -> _;
}
