#![deny(warnings)]
use swoole::{CloseReason, Lost, Manager, Master, SessionId, Task, TaskId, TaskWorker, Worker, WorkerExit, WorkerId, WorkerStart};

struct Chat {
    seen: usize,
}

#[swoole::server(task_workers = 1, timers = [1000])]
impl Chat {
    fn on_start(_master: &Master) {}
    fn on_shutdown(_master: &Master) {}
    fn on_manager_start(_manager: &Manager) {}
    fn on_manager_stop(_manager: &Manager) {}
    fn on_before_reload(_manager: &Manager) {}
    fn on_after_reload(_manager: &Manager) {}
    fn on_worker_error(_manager: &Manager, _exit: &WorkerExit) {}
    fn on_worker_start(_worker: &WorkerStart) -> Self {
        Self { seen: 0 }
    }
    fn on_buffer_full(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_buffer_empty(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_worker_exit(&mut self, _worker: &Worker<Self>) {}
    fn on_worker_stop(&mut self, _worker: &Worker<Self>) {}
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, data: &[u8]) {
        self.seen += data.len();
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<(u64, &str)>) -> String {
        task.1.to_owned()
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: String) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: &str) {}
    fn on_timer(&mut self, _worker: &Worker<Self>, _period: std::time::Duration) {}
    fn on_lost(&mut self, _worker: &Worker<Self>, _lost: &Lost) {}
    fn on_panic(_worker: &Worker<Self>, _fd: Option<SessionId>, _message: &str) {}
}

fn main() {
    let _ = (Chat::start as fn() -> _, Chat::builder as fn() -> _);
}
