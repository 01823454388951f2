//! A scripted server with task workers: its clients say which jobs there are, and the journal says what became of each.
//!
//! A job has a tag, which the client chooses. Its life in the journal: `queued` (or `refused`), `begun`, `done`, and how it ended for who
//! asked: `finished`, or `ended` with an error, or `dropped` for a closure that never ran.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{thread, time::Duration};
use swoole::{CloseReason, Manager, SessionId, Task, TaskError, TaskId, TaskWorker, Worker, WorkerExit, WorkerStart};
use system_tests::{journal, script};

#[derive(Serialize, Deserialize)]
struct Job {
    /// The session that is to hear of it.
    to: u64,
    tag: u64,
    what: What,
}

#[derive(Serialize, Deserialize)]
enum What {
    /// Returns the bytes.
    Echo(Vec<u8>),
    /// Returns so many bytes.
    Grow(usize),
    Sleep(u64),
    /// Until the alarm rings.
    Nap,
    Exit,
    Panic,
    Abort,
    Die,
    /// Sends this early, and returns another.
    FinishEarly(Vec<u8>),
    /// Sends the output early, and dies.
    FinishAndDie,
    /// Its output makes `on_finish` or the closure panic.
    PanicAfterwards,
    /// Can be written and not read.
    Fickle(Fickle),
    /// Sends the session a line and returns nothing.
    Send,
    /// Sends the session so many bytes and returns nothing.
    SendLarge(usize),
    /// Closes this session.
    Close(u64),
    /// Kills who writes it, when the bytes are written.
    Brittle(Vec<u8>, Last),
    /// Returns so many bytes, and kills who writes them.
    GrowBrittle(usize),
    /// Has this process replaced, or all task workers.
    Stop(u16),
    ReloadTasks,
    /// From now on the task worker's files are no larger than this.
    Limit(u64),
}

/// The last of what is written: where it is true, it kills who writes it.
#[derive(Deserialize)]
struct Last(bool);

impl Serialize for Last {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 {
            script::die();
        }
        serializer.serialize_bool(false)
    }
}

/// The output that panics.
const PANIC: &[u8] = b"panic";

#[derive(Serialize)]
struct Fickle;

impl<'de> Deserialize<'de> for Fickle {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom("another version"))
    }
}

#[derive(Serialize, Deserialize)]
struct Done {
    to: u64,
    tag: u64,
    /// The task worker, and its process.
    by: u16,
    pid: u32,
    /// Who asked, as the task worker saw it.
    asker: u16,
    bytes: Vec<u8>,
    last: Last,
}

impl Done {
    fn text(&self, how: &str) -> String {
        format!(
            "finished tag={} how={how} by={} pid={} asker={} length={} whole={}",
            self.tag,
            self.by,
            self.pid,
            self.asker,
            self.bytes.len(),
            self.bytes == script::pattern(self.bytes.len())
        )
    }
}

struct Tasker;

#[swoole::server(mode = "process", workers = 2, task_workers = 2)]
impl Tasker {
    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={}", manager.pid()));
    }

    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        script::worker_error(exit, "");
    }

    fn on_before_reload(manager: &Manager) {
        journal::write(&format!("on_before_reload pid={}", manager.pid()));
    }

    fn on_after_reload(manager: &Manager) {
        journal::write(&format!("on_after_reload pid={}", manager.pid()));
    }

    fn on_worker_exit(&mut self, worker: &Worker<Self>) {
        journal::write(&format!("on_worker_exit worker={} pid={}", worker.id(), worker.pid()));
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self)
    }

    fn on_worker_stop(&mut self, worker: &Worker<Self>) {
        script::stop(worker);
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

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        script::close(worker, fd, reason);
    }

    fn on_task(&mut self, task_worker: &TaskWorker<Self>, task: Task<Job>) -> Done {
        let tag = task.tag;
        journal::write(&format!("begun tag={tag} by={} pid={} id={}", task_worker.index(), task_worker.pid(), task.id()));
        let brittle = matches!(task.what, What::GrowBrittle(_));
        let (by, pid, asker) = (task_worker.index(), task_worker.pid(), task.from().get());
        let done = |bytes: Vec<u8>| Done { to: task.to, tag, by, pid, asker, bytes, last: Last(brittle) };
        let mut bytes = Vec::new();
        match &task.what {
            What::Echo(echoed) => bytes.clone_from(echoed),
            What::Grow(length) | What::GrowBrittle(length) => bytes = script::pattern(*length),
            What::Sleep(ms) => thread::sleep(Duration::from_millis(*ms)),
            What::Nap => {
                while !journal::alarm_rings() {
                    thread::sleep(Duration::from_millis(2));
                }
            }
            What::Exit => std::process::exit(3),
            What::Panic => panic!("asked to panic in a job"),
            What::Abort => std::process::abort(),
            What::Die => script::die(),
            What::FinishEarly(early) => {
                let first = task.finish(&done(early.clone()));
                let second = task.finish(&done(Vec::new()));
                journal::write(&format!("early tag={tag} first={first:?} second={second:?}"));
            }
            What::FinishAndDie => {
                let _ = task.finish(&done(Vec::new()));
                script::die();
            }
            What::PanicAfterwards => bytes = PANIC.to_vec(),
            What::Fickle(_) | What::Brittle(..) => {}
            What::Limit(most) => script::limit_files(*most),
            What::Stop(worker) => {
                journal::write(&format!("stop done={} status={:?}", task_worker.stop(*worker), task_worker.worker_status(task_worker.id())))
            }
            What::ReloadTasks => task_worker.reload_tasks(),
            What::SendLarge(length) => {
                let sent = SessionId::new(task.to).map(|fd| task_worker.send(fd, &script::pattern(*length)));
                journal::write(&format!("sent tag={tag} sent={}", matches!(sent, Some(Ok(())))));
            }
            What::Close(session) => {
                let closed = SessionId::new(*session).map(|fd| task_worker.close(fd));
                journal::write(&format!("closed tag={tag} how={closed:?}"));
            }
            What::Send => {
                let sent = SessionId::new(task.to).map(|fd| task_worker.send(fd, format!("from job {tag}\n").as_bytes()));
                journal::write(&format!("sent tag={tag} sent={}", matches!(sent, Some(Ok(())))));
            }
        }
        journal::write(&format!("done tag={tag} by={} pid={}", task_worker.index(), task_worker.pid()));
        done(bytes)
    }

    fn on_finish(&mut self, worker: &Worker<Self>, task_id: TaskId, output: Done) {
        end(worker, &output, "on_finish", Some(task_id));
    }

    fn on_panic(worker: &Worker<Self>, fd: Option<SessionId>, message: &str) {
        script::panicked(worker, fd, message);
    }
}

/// A job has come back outside of a call that waits.
fn end(worker: &Worker<Tasker>, output: &Done, how: &str, id: Option<TaskId>) {
    let text = format!("{} worker={} wpid={}", output.text(how), worker.id(), worker.pid());
    assert_ne!(output.bytes, PANIC, "asked to panic over an output");
    journal::write(&format!("{text} id={}", id.map_or_else(String::new, |id| id.to_string())));
    if let Some(fd) = SessionId::new(output.to) {
        let _ = worker.send(fd, format!("{text}\n").as_bytes());
    }
}

/// Notes a closure that was dropped and never ran.
struct Guard {
    tag: u64,
    has_run: bool,
}

impl Guard {
    fn disarm(&mut self) {
        self.has_run = true;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.has_run {
            journal::write(&format!("dropped tag={} pid={}", self.tag, std::process::id()));
        }
    }
}

fn what(word: &str, number: u64) -> Option<What> {
    Some(match word {
        "echo" => What::Echo(script::pattern(number as usize)),
        "grow" => What::Grow(number as usize),
        "sleep" => What::Sleep(number),
        "nap" => What::Nap,
        "exit" => What::Exit,
        "panic" => What::Panic,
        "abort" => What::Abort,
        "die" => What::Die,
        "early" => What::FinishEarly(script::pattern(number as usize)),
        "finish_and_die" => What::FinishAndDie,
        "panic_afterwards" => What::PanicAfterwards,
        "fickle" => What::Fickle(Fickle),
        "send" => What::Send,
        "send_large" => What::SendLarge(number as usize),
        "close" => What::Close(number),
        "brittle" => What::Brittle(script::pattern(number as usize), Last(true)),
        "grow_brittle" => What::GrowBrittle(number as usize),
        "limit" => What::Limit(number),
        "stop" => What::Stop(number as u16),
        "reload_tasks" => What::ReloadTasks,
        _ => return None,
    })
}

fn queued(tag: u64, how: Result<TaskId, TaskError>) -> String {
    let text = match how {
        Ok(id) => format!("queued tag={tag} id={id}"),
        Err(e) => format!("refused tag={tag} error={e:?}"),
    };
    journal::write(&text);
    text
}

/// The commands about jobs; `None` for any other.
///
/// - `task TAG WHAT [N]`, `to TASK_WORKER TAG WHAT [N]`, `with TAG WHAT [N]`
/// - `wait MS TAG WHAT [N]`, `multi MS TAG WHAT[:N],WHAT[:N]…`
/// - `many COUNT TAG WHAT [N]`: until it is refused, tags from `TAG` on
/// - `limit BYTES`: files that this worker writes
/// - `many_and_nap COUNT TAG WHAT [N]`: the same, and then this callback is stuck until the alarm rings
fn obey(worker: &Worker<Tasker>, fd: SessionId, line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    let job = |tag: u64, at: usize| Some(Job { to: fd.get(), tag, what: what(words.get(at)?, number(at + 1))? });
    Some(match words[0] {
        "limit" => {
            script::limit_files(number(1));
            "limited".to_owned()
        }
        "task" => queued(number(1), worker.task(&job(number(1), 2)?)),
        "to" => queued(number(2), worker.task_to(number(1) as u16, &job(number(2), 3)?)),
        "with" => {
            let mut guard = Guard { tag: number(1), has_run: false };
            let then = move |_: &mut Tasker, worker: &Worker<Tasker>, output: Done| {
                guard.disarm();
                end(worker, &output, "closure", None);
            };
            queued(number(1), worker.task_with(&job(number(1), 2)?, then))
        }
        "wait" => {
            let text = match worker.taskwait(&job(number(2), 3)?, Duration::from_millis(number(1))) {
                Ok(output) => output.text("wait"),
                Err(e) => format!("ended tag={} error={e:?}", number(2)),
            };
            journal::write(&text);
            text
        }
        "multi" => {
            let one = |(at, word): (usize, &str)| {
                let (word, n) = word.split_once(':').unwrap_or((word, "0"));
                Some(Job { to: fd.get(), tag: number(2) + at as u64, what: what(word, n.parse().ok()?)? })
            };
            let jobs: Vec<Job> = words.get(3)?.split(',').enumerate().map(one).collect::<Option<_>>()?;
            match worker.taskwait_multi(&jobs, Duration::from_millis(number(1))) {
                Ok(outputs) => {
                    let tags = outputs.iter().map(|output| output.as_ref().map_or("-".to_owned(), |output| output.tag.to_string()));
                    tags.collect::<Vec<_>>().join(" ")
                }
                Err(e) => format!("{e:?}"),
            }
        }
        "many" | "many_and_nap" => {
            let (mut count, mut last) = (0, Ok(()));
            while count < number(1) && last.is_ok() {
                last = worker.task(&job(number(2) + count, 3)?).map(|_| ());
                count += u64::from(last.is_ok());
            }
            let text = format!("many count={count} then={}", last.err().map_or_else(String::new, |e| format!("{e:?}")));
            journal::write(&text);
            if words[0] == "many_and_nap" {
                let _ = worker.send(fd, b"napping\n");
                while !journal::alarm_rings() {
                    thread::sleep(Duration::from_millis(2));
                }
            }
            text
        }
        _ => return None,
    })
}

fn main() -> swoole::Result<()> {
    Tasker::start()
}
