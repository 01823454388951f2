//! A version of the server with a callback more, for which shared memory is laid out in another way.

use swoole::{CloseReason, SessionId, Task, TaskId, TaskWorker, Worker, WorkerId};

#[derive(Default)]
struct Talkative;

#[swoole::server(mode = "process", workers = 2, task_workers = 1, reload = "exec")]
impl Talkative {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, _task: Task<()>) -> u32 {
        0
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: u32) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: u32) {}
}

fn main() -> swoole::Result<()> {
    Talkative::builder().max_conn(1000).start()
}
