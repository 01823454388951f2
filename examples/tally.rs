//! What it shows: a user process, beside the workers. `tally` counts the words that clients of all workers say, and answers them itself; it is
//! told of each by a message. When it dies another begins, from nothing; what was sent to it meanwhile waits.
//!
//! Run it:      cargo run --release --example tally
//! Type:        nc 127.0.0.1 9508      in several terminals, `a`, `b` …, what stands behind `>`
//! You see:     what stands behind `<`; in the server's terminal, among other lines, what stands behind `log`
//!
//! ```text
//! a> apple
//! a< apple 1
//! b> apple
//! b< apple 2
//! b> pear
//! b< pear 1
//! a> apple
//! a< apple 3
//! a> panic
//! log panic in on_pipe_message: as you wished
//! log on_worker_error: tally has died
//! a> apple
//! a< apple 1
//! stop
//! log tally: 1 different words
//! ```

use serde::{Deserialize, Serialize};
use std::{collections::HashMap, time::Duration};
use swoole::{CloseReason, Manager, SessionId, UserProcess, Worker, WorkerExit, WorkerId};

#[derive(Default)]
struct Words;

/// A word, and who has said it.
#[derive(Serialize, Deserialize)]
struct Said<'a>(SessionId, &'a str);

#[swoole::server(workers = 2, listen = "tcp://127.0.0.1:9508", add_process(name = "tally", run = tally))]
impl Words {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let Some(tally) = worker.user_process("tally") else { return Ok(()) };
        for word in String::from_utf8_lossy(data).split_whitespace() {
            worker.send_message(tally, &Said(fd, word))?;
        }
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    // The type of messages is that of its last parameter, for user processes as well. Nobody sends one to a worker here.
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _said: Said<'_>) {}

    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        eprintln!("on_worker_error: {} has died", exit.user_process().unwrap_or("a worker"));
    }

    fn tally(process: &UserProcess<Self>) {
        let mut counts: HashMap<String, u32> = HashMap::new();
        let mut count = |_from: WorkerId, Said(fd, word): Said<'_>| {
            assert!(word != "panic", "as you wished");
            let count = counts.entry(word.to_owned()).or_default();
            *count += 1;
            // A client that has gone meanwhile misses nothing.
            let _ = process.send(fd, format!("{word} {count}\n").as_bytes());
        };
        // Until it is to stop: the server ends, or a reload replaces it.
        while process.receive(Duration::MAX, &mut count).is_ok() {}
        eprintln!("tally: {} different words", counts.len());
    }
}

fn main() -> swoole::Result<()> {
    Words::start()
}
