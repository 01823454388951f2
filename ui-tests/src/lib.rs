//! Programs that must not compile, with what the compiler says, and programs that must: see `tests/ui.rs`.
//!
//! Here is a server that clippy, at its most pedantic, must have nothing to say to. The cases are not shown to clippy; this file is.
#![deny(warnings, clippy::all, clippy::pedantic)]

use swoole::{CloseReason, Lost, Manager, Master, SendError, SessionId, Worker, WorkerExit, WorkerStart};

/// Has every callback, and uses little of what they are given.
pub struct Pedant {
    seen: usize,
}

#[swoole::server(mode = "process", listen = "tcp://127.0.0.1:9501", workers = 2, max_wait_time = secs(3))]
impl Pedant {
    fn on_start(_master: &Master) {}
    fn on_shutdown(_master: &Master) {}
    fn on_manager_start(_manager: &Manager) {}
    fn on_manager_stop(_manager: &Manager) {}
    fn on_worker_error(_manager: &Manager, _exit: &WorkerExit) {}
    fn on_worker_start(_worker: &WorkerStart) -> Self {
        Self { seen: 0 }
    }
    fn on_worker_stop(&mut self, _worker: &Worker<Self>) {}
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), SendError> {
        self.seen += data.len();
        worker.send(fd, data)
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_lost(&mut self, _worker: &Worker<Self>, _lost: &Lost) {}
    fn on_panic(_worker: &Worker<Self>, _fd: Option<SessionId>, _message: &str) {}
}
