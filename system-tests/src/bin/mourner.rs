//! A scripted server that takes up what dead workers were in the middle of.

use swoole::{CloseReason, Lost, Manager, SessionId, Worker, WorkerExit, WorkerStart};
use system_tests::{journal, script};

struct Mourner;

#[swoole::server(mode = "process", workers = 2)]
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
        script::receive(worker, fd, data)
    }

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        script::close(worker, fd, reason);
    }

    fn on_lost(&mut self, worker: &Worker<Self>, lost: &Lost) -> swoole::Result<()> {
        let data = String::from_utf8_lossy(lost.data());
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
        if !kind.starts_with("Close") {
            worker.send(lost.session(), format!("lost {kind} {}\n", data.trim_end()).as_bytes())?;
        }
        Ok(())
    }
}

fn main() -> swoole::Result<()> {
    Mourner::start()
}
