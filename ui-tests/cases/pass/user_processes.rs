//! User processes: with and without a result, under a condition, one function for two of them, with every call that they have.
#![deny(warnings)]
use std::time::Duration;
use swoole::{CloseReason, SessionId, UserProcess, Wake, Worker, WorkerExit, WorkerId};

#[derive(Default)]
struct Echo;

#[swoole::server(
    listen = "tcp://127.0.0.1:9501",
    add_process(name = "metrics", run = collect_metrics),
    add_process(name = "cache-1", run = fill),
    workers = 2,
    add_process(name = "cache-2", run = fill,),
    add_process(run = at_nights, name = "nights"),
    add_process(name = "for.ever", run = for_ever),
    add_process(name = "conditional", run = r#match)
)]
impl Echo {
    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {
        if let Some(metrics) = worker.user_process("metrics") {
            let _ = worker.send_message(metrics, &format!("{fd}"));
        }
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: &str) {}
    fn on_worker_error(_manager: &swoole::Manager, exit: &WorkerExit) {
        let _ = exit.user_process();
    }

    fn collect_metrics(process: &UserProcess<Self>) -> swoole::Result<()> {
        let mut all = 0;
        while let Ok(length) = process.receive(Duration::from_secs(1), |_from, message| message.len()) {
            all += length;
        }
        for fd in process.sessions() {
            process.send(fd, all.to_string().as_bytes())?;
            process.sendfile(fd, "/srv/metrics.txt", 0, Some(100))?;
            process.close(fd)?;
        }
        process.send_message(WorkerId::new(0), "done")?;
        let _ = (process.stats().user_processes.len(), process.settings().workers(), process.id(), process.pid(), process.name());
        Ok(())
    }
    fn fill(process: &UserProcess<Self>) -> Result<(), String> {
        match process.wait(Duration::MAX) {
            Wake::Stop => Ok(()),
            Wake::Elapsed => Err("nothing lasts".to_owned()),
        }
    }
    #[cfg(unix)]
    fn at_nights(_: &swoole::UserProcess<Echo>) {}
    #[cfg(not(unix))]
    fn at_nights(_: &swoole::UserProcess<Echo>) {}
    fn for_ever(process: &UserProcess<Self>) -> ! {
        while !process.should_stop() {}
        std::process::exit(0)
    }
    #[cfg(any())]
    fn r#match(_process: &UserProcess<Self>) {}
}

fn main() {
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
