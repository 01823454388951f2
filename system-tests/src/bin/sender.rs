//! A server that sends files: as its clients say which, and where from.
//!
//! Commands beside those of a scripted server, where LENGTH may be `all`: `file PATH OFFSET LENGTH` sends a part to this session, `give SESSION
//! PATH` a whole file to another, and both answer how that went; `around PATH` sends a line, the file, and a line; `again N PATH` asks for it up
//! to N times and notes where that ended; `parting PATH` closes behind it; `fatal PATH` dies behind it; `delegate PATH` has a task worker send it.

use serde::{Deserialize, Serialize};
use std::{fmt::Debug, path::Path};
use swoole::{CloseReason, SessionId, Task, TaskId, TaskWorker, Worker, WorkerStart};
use system_tests::{journal, script};

struct Sender;

#[derive(Serialize, Deserialize)]
struct Errand<'a> {
    fd: SessionId,
    path: &'a str,
}

#[swoole::server(mode = "process", workers = 2, task_workers = 1)]
impl Sender {
    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self)
    }

    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {
        script::connect(worker, fd);
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        data.split_inclusive(|&byte| byte == b'\n').try_for_each(|line| self.obey(worker, fd, line))
    }

    fn obey(&mut self, worker: &Worker<Self>, fd: SessionId, line: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(line);
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |word: &str| word.parse::<u64>().unwrap_or(0);
        let answer = |text: &str| worker.send(fd, format!("{text}\n").as_bytes()).map_err(|e| e.to_string());
        match words[..] {
            ["file", path, offset, length] => {
                let length = (length != "all").then(|| number(length));
                answer(&said(&worker.sendfile(fd, path, number(offset), length)))
            }
            ["give", session, path] => {
                let to = SessionId::new(number(session)).unwrap_or(fd);
                answer(&said(&worker.sendfile(to, Path::new(path), 0, None)))
            }
            ["around", path] => {
                answer("before")?;
                worker.sendfile(fd, path, 0, None).map_err(|e| e.to_string())?;
                answer("after")
            }
            ["again", times, path] => {
                let refused = (0..number(times))
                    .map(|_| worker.sendfile(fd, path, 0, None))
                    .enumerate()
                    .find_map(|(at, done)| Some((at, done.err()?)));
                journal::write(&match refused {
                    Some((at, e)) => format!("again session={fd} sent={at} error={e:?}"),
                    None => format!("again session={fd} sent={times} error=none"),
                });
                Ok(())
            }
            ["parting", path] => {
                worker.sendfile(fd, path, 0, None).map_err(|e| e.to_string())?;
                worker.close(fd).map_err(|e| e.to_string())
            }
            ["fatal", path] => {
                worker.sendfile(fd, path, 0, None).map_err(|e| e.to_string())?;
                script::die()
            }
            ["delegate", path] => worker.task(&Errand { fd, path }).map(|_| ()).map_err(|e| e.to_string()),
            _ => script::receive(worker, fd, line),
        }
    }

    fn on_task(&mut self, worker: &TaskWorker<Self>, errand: Task<Errand<'_>>) -> String {
        said(&worker.sendfile(errand.fd, errand.path, 0, None))
    }

    fn on_finish(&mut self, _worker: &Worker<Self>, task: TaskId, how: String) {
        journal::write(&format!("on_finish task={task} how={how}"));
    }

    fn on_buffer_full(&mut self, worker: &Worker<Self>, fd: SessionId) {
        let queued = worker.connection_info(fd).map_or(0, |info| info.queued);
        journal::write(&format!("on_buffer_full session={fd} queued={queued}"));
    }

    fn on_buffer_empty(&mut self, _worker: &Worker<Self>, fd: SessionId) {
        journal::write(&format!("on_buffer_empty session={fd}"));
    }

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        script::close(worker, fd, reason);
    }
}

fn said<E: Debug>(done: &Result<(), E>) -> String {
    format!("{done:?}")
}

fn main() -> swoole::Result<()> {
    Sender::start()
}
