//! A scripted server with two user processes: `helper`, which does what messages say, and `clock`, which greets every session and waits.
//!
//! Each notes its begin and its end in the journal.

use serde::{Deserialize, Serialize};
use std::{thread, time::Duration};
use swoole::{CloseReason, Manager, SessionId, Task, TaskId, TaskWorker, UserProcess, Wake, Worker, WorkerExit, WorkerId, WorkerStart};
use system_tests::{journal, script};

/// What a process is to do, and for which session.
#[derive(Serialize, Deserialize)]
struct Note<'a> {
    fd: Option<SessionId>,
    words: &'a str,
}

/// What becomes of the process after a note.
enum Then {
    GoOn,
    Return(Result<(), String>),
}

struct Companion;

#[swoole::server(
    mode = "process",
    workers = 2,
    task_workers = 1,
    max_wait_time = 10,
    add_process(name = "helper", run = help),
    add_process(name = "clock", run = tick)
)]
impl Companion {
    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={}", manager.pid()));
    }

    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        script::worker_error(exit, exit.user_process().unwrap_or_default());
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker)?;
        Ok(Self)
    }

    fn on_worker_stop(&mut self, worker: &Worker<Self>) {
        script::stop(worker);
        if let Some(helper) = worker.user_process("helper") {
            let _ = worker.send_message(helper, &Note { fd: None, words: "bye" });
        }
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        for line in data.split_inclusive(|&byte| byte == b'\n') {
            let words = String::from_utf8_lossy(line);
            match words.trim_end().split_once(' ') {
                Some(("tell", rest)) => {
                    let (name, words) = rest.split_once(' ').unwrap_or((rest, ""));
                    let Some(process) = worker.user_process(name) else { return Err(format!("no process {name}")) };
                    worker.send_message(process, &Note { fd: Some(fd), words }).map_err(|e| e.to_string())?;
                }
                _ => script::receive(worker, fd, line)?,
            }
        }
        Ok(())
    }

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        script::close(worker, fd, reason);
    }

    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<u64>) -> u64 {
        task.into_job()
    }

    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: u64) {}

    fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, note: Note<'_>) -> Result<(), String> {
        let Some(fd) = note.fd else { return Ok(()) };
        let answer = format!("relayed by={} from={from} words={}\n", worker.id(), note.words);
        worker.send(fd, answer.as_bytes()).map_err(|e| e.to_string())
    }

    fn help(process: &UserProcess<Self>) -> Result<(), String> {
        begin(process);
        assert!(!(script::is_to("fail_five_times") && process.generation() <= 5), "the helper fails");
        if script::is_to("return_at_once") {
            return Ok(());
        }
        let end = loop {
            let then = process.receive(Duration::MAX, |from, note| {
                journal::write(&format!(
                    "heard by={} pid={} from={from} words={}",
                    process.id(),
                    process.pid(),
                    note.words.replace(' ', "_")
                ));
                note.fd.map_or(Then::GoOn, |fd| obey(process, fd, note.words))
            });
            match then {
                Ok(Then::GoOn) => {}
                Ok(Then::Return(result)) => break result,
                Err(_) => break Ok(()),
            }
        };
        journal::write(&format!("process_ends name={} pid={}", process.name(), process.pid()));
        end
    }

    fn tick(process: &UserProcess<Self>) {
        for fd in process.sessions().filter(|_| !script::is_to("greet_nobody")) {
            let _ = process.send(fd, format!("hello generation={} pid={}\n", process.generation(), process.pid()).as_bytes());
        }
        begin(process);
        if script::is_to("shut_down_at_once") {
            let stats = process.stats();
            journal::write(&format!("early_stats workers={} connections={}", stats.workers.len(), stats.connection_num));
            process.shutdown();
        }
        if script::is_to("deaf") {
            loop {
                thread::sleep(Duration::from_secs(1));
            }
        }
        while process.wait(Duration::from_millis(10)) == Wake::Elapsed {}
        journal::write(&format!("process_ends name={} pid={}", process.name(), process.pid()));
    }
}

fn begin(process: &UserProcess<Companion>) {
    let (name, id, pid, generation) = (process.name(), process.id(), process.pid(), process.generation());
    journal::write(&format!("process name={name} id={id} pid={pid} generation={generation}"));
}

fn obey(process: &UserProcess<Companion>, fd: SessionId, words: &str) -> Then {
    let (command, rest) = words.split_once(' ').unwrap_or((words, ""));
    let number = || rest.parse::<u16>().unwrap_or(0);
    let answer = |text: &str| {
        let _ = process.send(fd, format!("{text}\n").as_bytes());
    };
    match command {
        "who" => {
            answer(&format!("who name={} id={} pid={} generation={}", process.name(), process.id(), process.pid(), process.generation()))
        }
        "stats" => {
            let stats = process.stats();
            let its = stats.user_processes.iter().find(|its| its.id == process.id());
            answer(&format!(
                "stats workers={} task_workers={} user_processes={} name={} pid={} connections={} worker_0={:?}",
                stats.workers.len(),
                stats.task_workers.len(),
                stats.user_processes.len(),
                its.and_then(|its| its.name).unwrap_or("-"),
                its.and_then(|its| its.pid).unwrap_or(0),
                stats.connection_num,
                process.worker_status(0),
            ));
        }
        "info" => answer(&format!("info known={} workers={}", process.connection_info(fd).is_some(), process.settings().workers())),
        "large" => {
            let bytes = script::pattern(number() as usize * 1024);
            let _ = process.send(fd, &bytes);
        }
        "close" => {
            let _ = process.close(fd);
        }
        "relay" => {
            let told = process.send_message(number(), &Note { fd: Some(fd), words: "hello" });
            if let Err(e) = told {
                answer(&format!("refused error={e:?}"));
            }
        }
        // Noted in the journal, as each is.
        "mark" => {}
        // The one behind this message, from within it.
        "next" => {
            let next = process.receive(Duration::MAX, |_, note| note.words.len());
            answer(&format!("next length={}", next.unwrap_or(0)));
        }
        "return" => return Then::Return(Ok(())),
        "fail" => return Then::Return(Err("the helper has had enough".to_owned())),
        "panic" => panic!("asked to panic"),
        "exit" => std::process::exit(number().into()),
        "thread" => {
            let sum = thread::spawn(|| (1..=10).sum::<u32>()).join().unwrap_or(0);
            answer(&format!("thread sum={sum}"));
        }
        "reload" => process.reload(),
        "shutdown" => process.shutdown(),
        "stop" => answer(&format!("stop {}", process.stop(number()))),
        _ => answer("what?"),
    }
    Then::GoOn
}

fn main() -> swoole::Result<()> {
    Companion::start()
}
