//! A server that does what its clients say and notes every callback.

use swoole::{CloseReason, Manager, Master, SessionId, Worker, WorkerExit, WorkerStart};
use system_tests::{journal, script};

struct Scripted;

#[swoole::server(mode = "process", workers = 2)]
impl Scripted {
    fn on_start(master: &Master) {
        journal::write(&format!("on_start master={} manager={}", master.pid(), master.manager_pid()));
        if script::is_to("reload_by_the_master") {
            master.reload();
        }
        if script::is_to("shutdown_by_the_master") {
            master.shutdown();
        }
    }

    fn on_shutdown(_master: &Master) {
        journal::write("on_shutdown");
    }

    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={} master={}", manager.pid(), manager.master_pid()));
        if script::is_to("reload_by_the_manager") {
            manager.reload();
        }
    }

    fn on_manager_stop(manager: &Manager) {
        journal::write(&format!("on_manager_stop pid={}", manager.pid()));
    }

    fn on_worker_error(manager: &Manager, exit: &WorkerExit) {
        let remote = exit.session().and_then(|session| manager.connection_info(session)).map(|info| info.remote.to_string());
        script::worker_error(exit, &remote.unwrap_or_default());
        if script::is_to("close_all_on_error") {
            for session in manager.sessions() {
                let _ = manager.close(session);
            }
        }
        if script::is_to("stop_worker_1_on_error") {
            journal::write(&format!("stop done={} status={:?}", manager.stop(1), manager.worker_status(1)));
        }
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self)
    }

    fn on_worker_stop(&mut self, worker: &Worker<Self>) {
        journal::write(&format!("on_worker_stop worker={} pid={}", worker.id(), worker.pid()));
        if script::is_to("close_all_at_stop") {
            for session in worker.sessions() {
                let _ = worker.close(session);
            }
        }
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

    fn on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str) {
        script::panicked(worker, fd, message);
    }
}

fn main() -> swoole::Result<()> {
    let _thread = script::is_to("run_a_thread").then(|| std::thread::spawn(std::thread::park));
    if script::is_to("start_twice") {
        Scripted::start()?;
    }
    if script::is_to("build_with_3_workers") {
        return Scripted::builder().workers(3).start();
    }
    if script::is_to("read_its_own_arguments") {
        journal::write(&format!("main arguments={}", std::env::args().skip(1).collect::<Vec<_>>().join(",")));
        return Scripted::builder().own_arguments().start();
    }
    Scripted::start()
}
