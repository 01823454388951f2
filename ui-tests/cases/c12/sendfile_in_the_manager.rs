use swoole::{CloseReason, Manager, SessionId, Worker, WorkerExit};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_worker_error(manager: &Manager, exit: &WorkerExit) {
        if let Some(fd) = exit.session() {
            let _ = manager.sendfile(fd, "/srv/sorry.html", 0, None);
        }
    }
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
