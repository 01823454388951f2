//! What it shows: one question, several jobs at once. A worker hands each number of a line to a task worker, waits a second for all of
//! them, and answers in their order. A job that takes longer is given up; until it is through, the other task worker does what comes.
//!
//! Run it:      cargo run --release --example fanout
//! Type:        nc 127.0.0.1 9505      what stands behind `>`
//! You see:     what stands behind `<`: how many primes there are below each number
//!
//! ```text
//! a> 10 100 1000
//! a< 10: 4, 100: 25, 1000: 168
//! a> 2000 20000 2 200
//! a< 2000: 303, 20000: 2262, 2: 0, 200: 46
//! a> 10 100000000 1000
//! a< 10: 4, 100000000: too slow, 1000: 168
//! a> 20 200
//! a< 20: 8, 200: 46
//! a> 10 ten
//! a< `ten` is not a number
//! ```

use serde::{Deserialize, Serialize};
use std::time::Duration;
use swoole::{CloseReason, SessionId, Task, TaskId, TaskWorker, Worker};

/// The job. It is written into shared memory, and read in a task worker.
#[derive(Serialize, Deserialize)]
struct CountPrimes {
    below: u64,
}

#[derive(Default)]
struct Fanout;

#[swoole::server(mode = "process", workers = 2, task_workers = 2, listen = "tcp://127.0.0.1:9505", max_wait_time = 1)]
impl Fanout {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let line = String::from_utf8_lossy(data);
        let mut jobs = Vec::new();
        for word in line.split_whitespace() {
            match word.parse() {
                Ok(below) => jobs.push(CountPrimes { below }),
                Err(_) => return Ok(worker.send(fd, format!("`{word}` is not a number\n").as_bytes())?),
            }
        }
        let counts = worker.taskwait_multi(&jobs, Duration::from_secs(1))?;
        let answers = jobs.iter().zip(counts).map(|(job, count)| match count {
            Some(count) => format!("{}: {count}", job.below),
            None => format!("{}: too slow", job.below),
        });
        let answers: Vec<String> = answers.collect();
        Ok(worker.send(fd, format!("{}\n", answers.join(", ")).as_bytes())?)
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<CountPrimes>) -> usize {
        (2..task.below).filter(|&number| is_prime(number)).count()
    }

    // `taskwait_multi` returns what comes back; only what `task` hands on ends here.
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _count: usize) {}
}

/// Slow on purpose: it tries every number up to the root.
fn is_prime(number: u64) -> bool {
    (2..).take_while(|divisor| divisor * divisor <= number).all(|divisor| !number.is_multiple_of(divisor))
}

fn main() -> swoole::Result<()> {
    Fanout::start()
}
