//! A scripted server that takes up what dead workers were in the middle of.

use swoole::{CloseReason, Lost, LostKind, Manager, SessionId, Task, TaskId, TaskWorker, Worker, WorkerExit, WorkerId, WorkerStart};
use system_tests::{journal, script};

struct Mourner;

/// A text that a worker has made of a job, or that another has sent: it dies of those that say so.
fn read(text: &str) {
    if text.contains("die") {
        script::die();
    }
}

#[swoole::server(mode = "process", workers = 2, task_workers = 1)]
impl Mourner {
    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={}", manager.pid()));
    }

    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        script::worker_error(exit, "");
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self)
    }

    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {
        script::connect(worker, fd);
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(data);
        let Some((what, text)) = text.trim_end().split_once(' ') else { return script::receive(worker, fd, data) };
        let taken = match what {
            "job" => worker.task(text).map(|_| ()).map_err(|e| e.to_string()),
            "two" => {
                let tries = [worker.task(text), worker.task(text)];
                let full = tries.iter().any(|tried| matches!(tried, Err(swoole::TaskError::QueueFull)));
                let said: &[u8] = if full { b"QueueFull\n" } else { b"more\n" };
                return worker.send(fd, said).map_err(|e| e.to_string());
            }
            "closure" => {
                let then = |_: &mut Self, _: &Worker<Self>, output: String| {
                    read(&output);
                    journal::write(&format!("closure output={output}"));
                };
                worker.task_with(text, then).map(|_| ()).map_err(|e| e.to_string())
            }
            "message" => worker.send_message(WorkerId::new(1 - worker.id().get()), text).map_err(|e| e.to_string()),
            _ => return script::receive(worker, fd, data),
        };
        taken.and_then(|()| worker.send(fd, b"taken\n").map_err(|e| e.to_string()))
    }

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        script::close(worker, fd, reason);
    }

    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<&str>) -> String {
        task.to_string()
    }

    fn on_finish(&mut self, worker: &Worker<Self>, _task_id: TaskId, output: String) -> Result<(), swoole::TaskError> {
        read(&output);
        if let Some(next) = output.strip_prefix("next-") {
            worker.task(next)?;
        }
        journal::write(&format!("on_finish output={output}"));
        Ok(())
    }

    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, message: &str) {
        read(message);
        journal::write(&format!("on_pipe_message message={message}"));
    }

    fn on_lost(&mut self, worker: &Worker<Self>, lost: &Lost) -> swoole::Result<()> {
        let data = match lost.kind() {
            LostKind::Finish(_) | LostKind::Message(_) => lost.read::<String>().unwrap_or_default().into(),
            _ => String::from_utf8_lossy(lost.data()),
        };
        let kind = format!("{:?}", lost.kind());
        journal::write(&format!(
            "on_lost worker={} session={} kind={kind} data={}",
            worker.id(),
            lost.session(),
            data.trim_end().replace(' ', "_")
        ));
        if data.contains("again") {
            script::die();
        }
        if lost.session().get() < u64::MAX && !kind.starts_with("Close") {
            worker.send(lost.session(), format!("lost {kind} {}\n", data.trim_end()).as_bytes())?;
        }
        Ok(())
    }
}

fn main() -> swoole::Result<()> {
    Mourner::start()
}
