use swoole::{CloseReason, SessionId, UserProcess, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", add_process(name = "metrics", run = collect_metrics))]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    async fn collect_metrics(_process: &UserProcess<Self>) {}
    fn helper(&self) -> Option<UserProcess<Self>> {
        None
    }
}

fn main() {
    let _ = Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
