#![deny(warnings)]
use core::time::Duration;
use swoole::{CloseReason, SessionId, Task, TaskError, TaskId, TaskWorker, Worker};

#[derive(serde::Serialize, serde::Deserialize)]
struct Request<'a> {
    path: &'a str,
    body: &'a [u8],
}

#[derive(Default)]
struct Bytes;

#[swoole::server(task_workers = 1)]
impl Bytes {
    fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) -> Result<(), TaskError> {
        let _: TaskId = worker.task(b"bytes")?;
        worker.task(&[1_u8, 2][..])?;
        worker.task(&vec![1_u8])?;
        worker.task(&b"slice".as_slice())?;
        worker.task_to(0, b"bytes")?;
        worker.task_with(b"bytes", |_this, _worker, _length: u64| {})?;
        let _: u64 = worker.taskwait(b"bytes", Duration::from_millis(500))?;
        let _: Vec<Option<u64>> = worker.taskwait_multi(&[b"one".as_slice(), b"three"], Duration::from_secs(1))?;
        Ok(())
    }
    fn on_receive(&mut self, worker: &Worker<Self>, _fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        worker.task(data)?;
        Ok(())
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<&[u8]>) -> u64 {
        let _ = (task.id(), task.from(), task.finish(&1_u64));
        task.len() as u64
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: u64) {}
}

#[derive(Default)]
struct Typed;

#[swoole::server(task_workers = 1)]
impl Typed {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, worker: &Worker<Self>, _fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let path = String::from("/");
        worker.task(&Request { path: &path, body: data })?;
        Ok(())
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task<'a>(&mut self, _task_worker: &TaskWorker<Self>, task: Task<Request<'a>>) -> Result<String, String> {
        let Request { path, body } = task.into_job();
        if body.is_empty() { Err(path.to_owned()) } else { Ok(path.to_owned()) }
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: Result<String, String>) {}
}

fn main() {
    let _ = (Bytes::start as fn() -> _, Typed::builder as fn() -> _);
}
