//! Timers of the attribute, and closures of every kind.
#![deny(warnings)]
use std::time::Duration;
use swoole::{CloseReason, SendError, SessionId, Task, TaskId, TaskWorker, TimerError, TimerId, Worker};

#[derive(Default)]
struct Echo {
    idle: Option<TimerId>,
    words: Vec<String>,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501", task_workers = 1, timers = [1000, 20,])]
impl Echo {
    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) -> swoole::Result<()> {
        let mut count = 0_u64;
        let timer = worker.tick(Duration::from_secs(1), move |this, worker| {
            count += 1;
            this.words.push(format!("{count}"));
            worker.send(fd, b"tick")
        })?;
        worker.after(Duration::from_millis(20), move |_, worker| assert!(worker.clear_timer(timer)))?;
        let moved = String::from("moved");
        worker.after(Duration::from_millis(20), |this: &mut Self, _| this.words.push(moved))?;
        self.idle = Some(worker.after(Duration::from_secs(60), Self::close_one)?);
        Ok(())
    }
    fn on_receive(&mut self, worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {
        let was_there = self.idle.take().is_some_and(|idle| worker.clear_timer(idle));
        let next = worker.timers().filter(|timer| timer.period.is_none()).map(|timer| (timer.id, timer.next_in)).min();
        self.words.push(format!("{was_there} {next:?} {}", worker.clear_timers()));
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_timer(&mut self, worker: &Worker<Self>, period: Duration) -> Result<(), TimerError> {
        worker.after(period, |_, _| {}).map(|_| ())
    }
    fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<u64>) -> u64 {
        let made = task_worker.tick(Duration::from_millis(*task), |this, task_worker| {
            this.words.push(task_worker.index().to_string());
            if task_worker.timers().count() > 3 { Err("too many") } else { Ok(()) }
        });
        let once = task_worker.after(Duration::MAX, |_, task_worker| assert!(task_worker.clear_timers() < 9));
        made.is_ok_and(|made| task_worker.clear_timer(made)) as u64 + once.map_or(0, TimerId::get)
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: u64) {}
    fn close_one(&mut self, worker: &Worker<Self>) -> Result<(), SendError> {
        worker.sessions().next().map_or(Ok(()), |fd| worker.close(fd))
    }
}

fn main() {
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
