use swoole::{CloseReason, PacketSource, SessionId, Task, TaskId, TaskWorker, Worker};

#[derive(Default)]
struct Echo {
    last: Option<PacketSource>,
}

#[swoole::server(listen = "udp://127.0.0.1:9501", task_workers = 1)]
impl Echo {
    fn on_packet(&mut self, _worker: &Worker<Self>, from: &PacketSource, _data: &[u8]) {
        self.last = Some(*from);
    }
    fn on_task(&mut self, task_worker: &TaskWorker<Self>, _task: Task<u64>) {
        let _: Result<(), swoole::SendError> = task_worker.send_to(self.last.as_ref(), b"hello");
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: ()) {}
    fn helper(&self, _fd: SessionId, _reason: CloseReason) {}
}

fn main() {
    let _ = Echo::helper;

    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
