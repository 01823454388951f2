#![deny(warnings)]
use swoole::{CloseReason, Manager, MessageError, SessionId, Task, TaskId, TaskWorker, Worker, WorkerExit, WorkerId, WorkerStart};

struct Bytes;

/// Bytes, from every process that sends any, with task workers beside.
#[swoole::server(task_workers = 2)]
impl Bytes {
    fn on_worker_start(worker: &WorkerStart) -> Result<Self, MessageError> {
        if worker.is_task_worker() {
            worker.send_message::<Self>(0, b"a task worker is there")?;
        }
        Ok(Self)
    }
    fn on_worker_error(manager: &Manager, exit: &WorkerExit) -> Result<(), MessageError> {
        manager.send_message::<Self>(exit.worker_id(), "one has died".as_bytes())
    }
    fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) -> Result<(), MessageError> {
        worker.send_message(worker.id(), b"bytes")?;
        worker.send_message(1, &[1_u8, 2][..])?;
        worker.send_message(2_u16, &vec![1_u8])?;
        worker.send_message(WorkerId::from(3), &b"slice".as_slice())
    }
    fn on_receive(&mut self, worker: &Worker<Self>, _fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        match worker.send_message(0, data) {
            Err(MessageError::QueueFull) => Ok(()),
            sent => Ok(sent?),
        }
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<&[u8]>) -> bool {
        task_worker.send_message(task.from(), *task.job()).is_ok()
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: bool) {}
    fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, message: &[u8]) -> Result<(), MessageError> {
        if from == worker.id() { Ok(()) } else { worker.send_message(from, message) }
    }
}

#[derive(Default)]
struct Texts;

#[swoole::server]
impl Texts {
    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) -> Result<(), MessageError> {
        worker.send_message(1, "text")?;
        worker.send_message(1, &format!("{fd:?}"))
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_pipe_message<'a>(&'a mut self, _worker: &'a Worker<Self>, _from: WorkerId, _message: &'a str) {}
}

fn main() {
    let _ = (Bytes::start as fn() -> _, Texts::builder as fn() -> _);
}
