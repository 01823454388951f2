//! A scripted server whose processes send each other messages, and whose `on_task` returns a `Result`.
//!
//! A note has a tag, which the client chooses. Its life in the journal: `told` (or `refused`), and `heard`.

use serde::{Deserialize, Serialize};
use std::{thread, time::Duration};
use swoole::{
    CloseReason, Manager, MessageError, SessionId, Task, TaskError, TaskId, TaskWorker, Worker, WorkerExit, WorkerId, WorkerStart,
};
use system_tests::{journal, script};

#[derive(Serialize, Deserialize)]
struct Note<'a> {
    tag: u64,
    what: What,
    bytes: &'a [u8],
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum What {
    /// Nothing more.
    Hear,
    /// Tells the session.
    Answer(SessionId),
    /// Sends it back, so many times.
    Bounce(u64),
    /// Hands over a job.
    Work,
    Die,
    /// Until the alarm rings.
    Nap,
}

#[derive(Serialize, Deserialize)]
enum Job {
    /// Sends a note.
    Tell(WorkerId, u64, SessionId),
    Die,
    Echo(u64),
    Refuse,
}

/// What ends a job without an output.
#[derive(Serialize, Deserialize, Debug)]
enum Failed {
    Task(TaskError),
    Refused,
}

impl From<TaskError> for Failed {
    fn from(e: TaskError) -> Self {
        Self::Task(e)
    }
}

struct Messenger;

#[swoole::server(mode = "process", workers = 2, task_workers = 2)]
impl Messenger {
    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={}", manager.pid()));
        if script::is_to("manager_tells") {
            for tag in 0..16 {
                let told = manager.send_message::<Self>(WorkerId::from((tag % 4) as u16), &Note { tag, what: What::Hear, bytes: b"" });
                journal::write(&said(tag, told));
            }
        }
    }

    fn on_worker_error(manager: &Manager, exit: &WorkerExit) {
        script::worker_error(exit, "");
        if script::is_to("manager_tells") {
            let tag = 1000 + u64::from(exit.pid());
            let told = manager.send_message::<Self>(exit.worker_id(), &Note { tag, what: What::Hear, bytes: b"" });
            journal::write(&said(tag, told));
        }
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker)?;
        if script::is_to("flood_at_start") && !worker.is_task_worker() {
            let bytes = script::pattern(300_000);
            let other = WorkerId::from(1 - worker.id().get());
            let mut count = 0;
            while count < 200 && worker.send_message::<Self>(other, &Note { tag: count, what: What::Hear, bytes: &bytes }).is_ok() {
                count += 1;
            }
            journal::write(&format!("flooded worker={} count={count}", worker.id()));
        }
        Ok(Self)
    }

    fn on_worker_stop(&mut self, worker: &Worker<Self>) {
        journal::write(&format!("on_worker_stop worker={} pid={}", worker.id(), worker.pid()));
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        for line in data.split_inclusive(|&byte| byte == b'\n') {
            let words = String::from_utf8_lossy(line);
            match obey(worker, fd, words.trim_end()) {
                Some(answer) => worker.send(fd, format!("{answer}\n").as_bytes()).map_err(|e| e.to_string())?,
                None => script::receive(worker, fd, line)?,
            }
        }
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, note: Note<'_>) {
        let Note { tag, what, bytes } = note;
        let heard = format!(
            "heard tag={tag} from={from} by={} pid={} length={} whole={}",
            worker.id(),
            worker.pid(),
            bytes.len(),
            bytes == script::pattern(bytes.len())
        );
        journal::write(&heard);
        match what {
            What::Hear => {}
            What::Answer(fd) => worker.send(fd, format!("{heard}\n").as_bytes()).expect("the session is there"),
            What::Bounce(0) => journal::write(&format!("bounced tag={tag}")),
            What::Bounce(left) => {
                let told = worker.send_message(from, &Note { tag, what: What::Bounce(left - 1), bytes });
                if told.is_err() {
                    journal::write(&said(tag, told));
                }
            }
            What::Work => {
                let handed = worker.task(&Job::Echo(tag));
                journal::write(&format!("worked tag={tag} by={} how={handed:?}", worker.id()));
            }
            What::Die => script::die(),
            What::Nap => nap(),
        }
    }

    fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Result<u64, Failed> {
        match task.into_job() {
            Job::Tell(to, tag, fd) => {
                journal::write(&said(tag, task_worker.send_message(to, &Note { tag, what: What::Answer(fd), bytes: b"" })));
                Ok(tag)
            }
            Job::Die => script::die(),
            Job::Echo(tag) => Ok(tag),
            Job::Refuse => Err(Failed::Refused),
        }
    }

    fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Result<u64, Failed>) {
        journal::write(&format!("finished worker={} id={task_id} output={output:?}", worker.id()));
    }
}

fn nap() {
    while !journal::alarm_rings() {
        thread::sleep(Duration::from_millis(2));
    }
}

fn said(tag: u64, how: Result<(), MessageError>) -> String {
    match how {
        Ok(()) => format!("told tag={tag}"),
        Err(e) => format!("refused tag={tag} error={e:?}"),
    }
}

/// The commands about messages; `None` for any other.
///
/// - `tell WORKER TAG LENGTH WHAT [N]`
/// - `limit BYTES`: files that this worker writes
/// - `flood WORKER TAG COUNT LENGTH WHAT [N]`: until it is refused, tags from `TAG` on
/// - `flood_and_nap …`: the same, and then this callback is stuck until the alarm rings
/// - `job WHAT [N]`, `with WHAT [N]`, `wait WHAT [N]`, `tell_by TASK_WORKER WORKER TAG`
fn obey(worker: &Worker<Messenger>, fd: SessionId, line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    let what = |at: usize| {
        Some(match *words.get(at)? {
            "hear" => What::Hear,
            "answer" => What::Answer(fd),
            "bounce" => What::Bounce(number(at + 1)),
            "work" => What::Work,
            "die" => What::Die,
            "nap" => What::Nap,
            _ => return None,
        })
    };
    let job = || {
        Some(match *words.get(1)? {
            "die" => Job::Die,
            "refuse" => Job::Refuse,
            _ => Job::Echo(number(2)),
        })
    };
    let to = WorkerId::from(number(1) as u16);
    Some(match words[0] {
        "limit" => {
            script::limit_files(number(1));
            "limited".to_owned()
        }
        "tell" => {
            let bytes = script::pattern(number(3) as usize);
            let text = said(number(2), worker.send_message(to, &Note { tag: number(2), what: what(4)?, bytes: &bytes }));
            journal::write(&text);
            text
        }
        "flood" | "flood_and_nap" => {
            let (bytes, what) = (script::pattern(number(4) as usize), what(5)?);
            let (mut count, mut last) = (0, Ok(()));
            while count < number(3) && last.is_ok() {
                last = worker.send_message(to, &Note { tag: number(2) + count, what, bytes: &bytes });
                count += u64::from(last.is_ok());
            }
            let text = format!("flooded count={count} then={}", last.err().map_or_else(String::new, |e| format!("{e:?}")));
            journal::write(&text);
            if words[0] == "flood_and_nap" {
                let _ = worker.send(fd, b"napping\n");
                nap();
            }
            text
        }
        "tell_by" => {
            let job = Job::Tell(WorkerId::from(number(2) as u16), number(3), fd);
            format!("{:?}", worker.task_to(number(1) as u16, &job).map(TaskId::get))
        }
        "job" => format!("{:?}", worker.task(&job()?).map(TaskId::get)),
        "with" => {
            let then = move |_: &mut Messenger, worker: &Worker<Messenger>, output: Result<u64, Failed>| {
                worker.send(fd, format!("closure output={output:?}\n").as_bytes())
            };
            format!("{:?}", worker.task_with(&job()?, then).map(TaskId::get))
        }
        "wait" => format!("{:?}", worker.taskwait(&job()?, Duration::from_secs(20))),
        _ => return None,
    })
}

fn main() -> swoole::Result<()> {
    Messenger::start()
}
