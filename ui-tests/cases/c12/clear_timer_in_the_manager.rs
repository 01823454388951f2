use swoole::{CloseReason, Manager, SessionId, TimerId, Worker, WorkerExit};

#[derive(Default)]
struct Echo {
    timer: Option<TimerId>,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_worker_error(manager: &Manager, _exit: &WorkerExit) {
        if manager.clear_timer(Self::default().timer) {}
    }
    fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) {
        self.timer = worker.tick(std::time::Duration::from_secs(1), |this, _| this.helper()).ok();
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
