use swoole::{CloseReason, SessionId, Worker, WorkerStart};

struct Echo {
    timer: u64,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_worker_start(worker: &WorkerStart) -> Self {
        let timer = worker.after(std::time::Duration::from_secs(1), |this, _| this.helper());
        Self { timer }
    }
    fn helper(&self) {}
}

fn main() {
    Echo { timer: 1 }.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
