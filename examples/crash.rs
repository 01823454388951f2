//! What it shows: what the others notice when a worker dies. `panic` panics, `abort` ends the process on the spot, `loop` never comes
//! back; everything else is echoed. Odd sessions are served by worker 1, even ones by worker 0.
//!
//! Run it:      cargo run --release --example crash
//! Type:        nc 127.0.0.1 9503      in several terminals, `a`, `b` …, what stands behind `>`
//! You see:     what stands behind `<`; in the server's terminal, among other lines, what stands behind `log`
//!
//! ```text
//! a> hello
//! a< hello
//! b> hello
//! b< hello
//! a> panic
//! a< the server made a mistake: as you wished
//! a closed
//! log panic in on_receive of session 1: as you wished
//! log on_worker_error: worker 1 in on_receive of session 1
//! b> nothing happened here
//! b< nothing happened here
//! c> abort
//! c closed
//! log was ended by signal 6 in on_receive of session 3
//! d> hello
//! d< hello
//! e> hello
//! e< hello
//! e> loop
//! b> still nothing
//! b< still nothing
//! stop
//! log did not stop within max_wait_time and is killed: in on_receive of session 5
//! ```

use swoole::{CloseReason, Manager, SessionId, Worker, WorkerExit};

#[derive(Default)]
struct Crash;

#[swoole::server(mode = "process", workers = 2, listen = "tcp://127.0.0.1:9503", max_wait_time = 1)]
impl Crash {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        match data.trim_ascii_end() {
            b"panic" => panic!("as you wished"),
            b"abort" => std::process::abort(),
            b"loop" => loop {
                std::hint::spin_loop();
            },
            _ => worker.send(fd, data)?,
        }
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    /// The last words of a worker that panics. There is no `self` any more: it may be half changed.
    fn on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str) {
        let what = message.split(", at ").next().unwrap_or(message);
        if let Some(fd) = fd {
            let _ = worker.send(fd, format!("the server made a mistake: {what}\n").as_bytes());
        }
    }

    /// In the manager, which has survived.
    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        if let (Some(callback), Some(session)) = (exit.callback(), exit.session()) {
            eprintln!("on_worker_error: worker {} in {callback} of session {session}", exit.worker_id());
        }
    }
}

fn main() -> swoole::Result<()> {
    Crash::start()
}
