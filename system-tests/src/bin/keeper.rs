//! A server that keeps its clients in check: what they send late, what they do not read, and what is said of either.
//!
//! Commands beside those of a scripted server: `pause`, `resume`, `protect`, `unprotect`, `heartbeat true|false`; `fill N` sends N bytes to this
//! session, in parts of 64 KiB.

use swoole::{CloseReason, SessionId, Worker, WorkerStart};
use system_tests::{journal, script};

struct Keeper;

#[swoole::server(
    mode = "process",
    workers = 2,
    listener(name = "silent", listen = "tcp://127.0.0.1:0", heartbeat(check = secs(1), idle = secs(2))),
)]
impl Keeper {
    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self)
    }

    fn on_worker_stop(&mut self, worker: &Worker<Self>) {
        script::stop(worker);
    }

    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {
        script::connect(worker, fd);
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(data);
        let mut words = text.split_whitespace();
        let (command, argument) = (words.next().unwrap_or_default(), words.next());
        let of = argument.and_then(|word| word.parse().ok()).and_then(SessionId::new).unwrap_or(fd);
        let done = match command {
            "pause" => worker.pause(of),
            "resume" => worker.resume(of),
            "protect" => worker.protect(of, true),
            "unprotect" => worker.protect(of, false),
            "heartbeat" => {
                let idle = worker.heartbeat(argument == Some("true"));
                let line: Vec<String> = idle.iter().map(ToString::to_string).collect();
                return worker.send(fd, format!("idle {}\n", line.join(" ")).as_bytes()).map_err(|e| e.to_string());
            }
            "fill" => {
                let mut left: usize = argument.and_then(|word| word.parse().ok()).unwrap_or(0);
                journal::write(&format!("fill session={fd}"));
                while left > 0 {
                    let part = left.min(64 << 10);
                    if let Err(e) = worker.send(fd, &vec![b'x'; part]) {
                        journal::write(&format!("filled session={fd} left={left} error={e:?}"));
                        return Ok(());
                    }
                    left -= part;
                }
                journal::write(&format!("filled session={fd} left=0"));
                return Ok(());
            }
            _ => return script::receive(worker, fd, data),
        };
        worker.send(fd, format!("{done:?}\n").as_bytes()).map_err(|e| e.to_string())
    }

    fn on_buffer_full(&mut self, worker: &Worker<Self>, fd: SessionId) {
        let queued = worker.connection_info(fd).map_or(0, |info| info.queued);
        journal::write(&format!("on_buffer_full worker={} session={fd} queued={queued}", worker.id()));
    }

    fn on_buffer_empty(&mut self, worker: &Worker<Self>, fd: SessionId) {
        journal::write(&format!("on_buffer_empty worker={} session={fd}", worker.id()));
    }

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        script::close(worker, fd, reason);
    }
}

fn main() -> swoole::Result<()> {
    Keeper::start()
}
