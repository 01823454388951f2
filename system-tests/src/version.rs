//! A server that says which version it is. Not part of the library: each of the programs `version_…` has it as a module of its own, so that
//! they are different programs of one source.

use std::{thread, time::Duration};
use swoole::{CloseReason, Manager, SessionId, Task, TaskId, TaskWorker, Worker, WorkerExit, WorkerStart};
use system_tests::{journal, script};

struct Version {
    number: u32,
}

/// What this program is.
static NUMBER: std::sync::OnceLock<u32> = std::sync::OnceLock::new();

#[swoole::server(mode = "process", workers = 2, task_workers = 1, reload = "exec")]
impl Version {
    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={}", manager.pid()));
    }

    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        script::worker_error(exit, "");
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker)?;
        Ok(Self { number: *NUMBER.get().unwrap_or(&0) })
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        match data {
            b"version\n" => worker.send(fd, format!("version {}\n", self.number).as_bytes()).map_err(|e| e.to_string()),
            b"task\n" => {
                let version = worker.taskwait(&(), Duration::from_secs(20)).map_err(|e| e.to_string())?;
                worker.send(fd, format!("task by {version}\n").as_bytes()).map_err(|e| e.to_string())
            }
            b"nap\n" => {
                while !journal::alarm_rings() {
                    thread::sleep(Duration::from_millis(2));
                }
                Ok(())
            }
            _ => script::receive(worker, fd, data),
        }
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, _task: Task<()>) -> u32 {
        self.number
    }

    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: u32) {}
}

pub(crate) fn run(number: u32, max_conn: u32) -> swoole::Result<()> {
    let _ = NUMBER.set(number);
    Version::builder().max_conn(max_conn).start()
}
