//! What a scripted server does: notes every callback in its journal, and obeys its clients, a command a line.
//!
//! Used by the server programs in `src/bin`, in their workers.

use crate::journal;
use nix::{
    sys::{
        resource::{Resource, getrlimit, setrlimit},
        signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask},
    },
    unistd::Pid,
};
use std::{fmt::Write, thread, time::Duration};
use swoole::{Callback, CloseReason, SendError, SessionId, Worker, WorkerExit, WorkerStart};

/// The variable that says what to do without being told by a client.
pub const BEHAVIOUR: &str = "SYSTEM_TEST_BEHAVIOUR";

/// A message that begins with a byte that has this bit is echoed; any other is a command.
pub const ECHOED: u8 = 0x80;

/// Whether the test asked for this.
#[must_use]
pub fn is_to(what: &str) -> bool {
    std::env::var(BEHAVIOUR).is_ok_and(|all| all.split(',').any(|one| one == what))
}

/// Whether the test asked that the first generation of each worker does this.
fn first_is_to<S>(worker: &Worker<S>, what: &str) -> bool {
    worker.generation() == 1 && is_to(what)
}

/// `on_worker_start`.
///
/// # Errors
/// When the test asked for one.
pub fn start(worker: &WorkerStart) -> Result<(), &'static str> {
    journal::write(&format!("on_worker_start worker={} pid={} generation={}", worker.id(), worker.pid(), worker.generation()));
    if is_to("fail_at_start") {
        return Err("the database is not there");
    }
    if is_to("fail_later") && worker.generation() > 1 {
        return Err("the database has gone");
    }
    if is_to("nap_later") && worker.generation() > 1
        || is_to("nap_first") && worker.generation() == 1
        || is_to("nap_in_worker_1") && worker.id().get() == 1
    {
        nap();
    }
    if is_to("spin_at_start") || is_to("spin_first_in_worker_0") && worker.generation() == 1 && worker.id().get() == 0 {
        spin();
    }
    assert!(!is_to("panic_at_start"), "the database exploded");
    Ok(())
}

/// Until the alarm rings.
pub fn nap() {
    while !journal::alarm_rings() {
        thread::sleep(Duration::from_millis(2));
    }
}

/// `on_worker_stop`.
pub fn stop<S>(worker: &Worker<S>) {
    journal::write(&format!("on_worker_stop worker={} pid={}", worker.id(), worker.pid()));
    if is_to("nap_at_stop") {
        nap();
    }
}

/// `on_connect`.
pub fn connect<S>(worker: &Worker<S>, fd: SessionId) {
    journal::write(&format!("on_connect worker={} pid={} session={fd}", worker.id(), std::process::id()));
    if first_is_to(worker, "die_in_connect") {
        die();
    }
    if is_to("close_in_connect") {
        let _ = worker.close(fd);
    }
    if is_to("greet") {
        let _ = worker.send(fd, format!("welcome {fd}\n").as_bytes());
    }
}

/// `on_close`.
pub fn close<S>(worker: &Worker<S>, fd: SessionId, reason: CloseReason) {
    let info = worker.connection_info(fd);
    journal::write(&format!(
        "on_close worker={} pid={} session={fd} reason={reason} exist={} known={} remote={} in={} closing={}",
        worker.id(),
        std::process::id(),
        worker.exist(fd),
        info.is_some(),
        info.map_or_else(String::new, |info| info.remote.to_string()),
        info.map_or(0, |info| info.bytes_in),
        info.and_then(|info| info.closing).map_or_else(String::new, |reason| reason.to_string()),
    ));
    if first_is_to(worker, "die_in_close") {
        die();
    }
}

/// `on_worker_error`; `remote` is the address of the session it was serving.
pub fn worker_error(exit: &WorkerExit, remote: &str) {
    let number = |number: Option<i32>| number.map_or_else(String::new, |number| number.to_string());
    journal::write(&format!(
        "on_worker_error worker={} pid={} generation={} signal={} exit={} callback={} session={} remote={remote} message={}",
        exit.worker_id(),
        exit.pid(),
        exit.generation(),
        number(exit.signal()),
        number(exit.exit_code()),
        exit.callback().map_or("", callback_name),
        exit.session().map_or_else(String::new, |session| session.to_string()),
        exit.message().unwrap_or_default().replace(' ', "_"),
    ));
}

fn callback_name(callback: Callback) -> &'static str {
    match callback {
        Callback::WorkerStart => "on_worker_start",
        Callback::Connect => "on_connect",
        Callback::Receive => "on_receive",
        Callback::Close => "on_close",
        Callback::Lost => "on_lost",
        Callback::WorkerStop => "on_worker_stop",
        Callback::Task => "on_task",
        Callback::Finish => "on_finish",
        Callback::PipeMessage => "on_pipe_message",
        Callback::Timer => "on_timer",
        Callback::Packet => "on_packet",
        _ => "another",
    }
}

/// `on_panic`.
pub fn panicked<S>(worker: &Worker<S>, fd: Option<SessionId>, message: &str) {
    journal::write(&format!("on_panic session={}", fd.map_or_else(String::new, |fd| fd.to_string())));
    if let Some(fd) = fd {
        let _ = worker.send(fd, format!("last words: {message}\n").as_bytes());
    }
}

/// `on_receive`: echoes, or obeys each line.
///
/// # Errors
/// When the client asked for one, or a send failed.
pub fn receive<S>(worker: &Worker<S>, fd: SessionId, data: &[u8]) -> Result<(), String> {
    if data.first().is_some_and(|byte| byte & ECHOED != 0) {
        return worker.send(fd, data).map_err(|e| e.to_string());
    }
    journal::write(&format!("on_receive worker={} pid={} session={fd}", worker.id(), std::process::id()));
    for line in data.split_inclusive(|&byte| byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        obey(worker, fd, line.trim_end()).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// One command. What changes the state of the process answers first, so that the client knows that it is in the callback.
fn obey<S>(worker: &Worker<S>, fd: SessionId, line: &str) -> Result<(), SendError> {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    let words: Vec<&str> = rest.split(' ').collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0);
    let session = |at: usize| SessionId::new(number(at)).unwrap_or(fd);
    let answer = |text: &str| worker.send(fd, format!("{text}\n").as_bytes());
    match command {
        "echo" => answer(rest),
        "who" => answer(&format!("who session={fd} worker={} pid={} generation={}", worker.id(), std::process::id(), worker.generation())),
        "spin" => {
            answer("spinning")?;
            spin()
        }
        "block" => {
            let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
            answer("blocking")?;
            spin()
        }
        "sleep" => {
            answer("sleeping")?;
            thread::sleep(Duration::from_millis(number(0)));
            answer("awake")
        }
        "nap" => {
            answer("napping")?;
            while !journal::alarm_rings() {
                thread::sleep(Duration::from_millis(2));
            }
            answer("awake")
        }
        // A process of the user's own.
        "command" => match std::process::Command::new("sleep").arg(rest).spawn() {
            Ok(command) => answer(&format!("command pid={}", command.id())),
            Err(e) => answer(&e.to_string()),
        },
        "print" => {
            println!("{rest}");
            answer("printed")
        }
        "files" => answer(&format!("exists={}", std::path::Path::new(rest).exists())),
        "panic" => panic!("asked to panic"),
        "abort" => std::process::abort(),
        "exit" => std::process::exit(number(0) as i32),
        "die" => die(),
        "shutdown" => {
            worker.shutdown();
            answer("as you wish")
        }
        "reload" => {
            worker.reload();
            answer("as you wish")
        }
        "reload_tasks" => {
            worker.reload_tasks();
            answer("as you wish")
        }
        "stop" => answer(&worker.stop(number(0) as u16).to_string()),
        "pids" => answer(&format!("pids master={} manager={}", worker.master_pid(), worker.manager_pid())),
        "status" => answer(&format!("{:?}", worker.worker_status(number(0) as u16))),
        "info" => answer(&info(worker, session(0))),
        "list" => answer(&match worker.connection_list(SessionId::new(number(0)), number(1) as usize) {
            Ok(page) => page.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            Err(e) => e.to_string(),
        }),
        "sessions" => {
            let mut all: Vec<_> = worker.sessions().collect();
            all.sort_unstable();
            answer(&all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        }
        "exist" => answer(&worker.exist(session(0)).to_string()),
        "stats" => answer(&stats(worker)),
        "close" => said(&answer, worker.close(session(0))),
        "close_now" => said(&answer, worker.close_now(session(0))),
        // Sends so many bytes of the pattern and closes.
        "last" => {
            worker.send(fd, &pattern(number(0) as usize))?;
            worker.close(fd)
        }
        "big" => worker.send(fd, &pattern(number(0) as usize)),
        "send" => said(&answer, worker.send(session(0), &pattern(number(1) as usize))),
        // Sends chunks of so many bytes to a session until it takes no more; answers how many it took.
        "fill" => {
            let chunk = pattern(number(1) as usize);
            let (mut taken, mut last) = (0_u64, Ok(()));
            while taken < 1 << 30 {
                last = worker.send(session(0), &chunk);
                if last.is_err() {
                    break;
                }
                taken += chunk.len() as u64;
            }
            answer(&format!("filled taken={taken} then={}", last.err().map_or_else(String::new, |e| format!("{e:?}"))))
        }
        "burst" => burst(worker, session(0), words.get(1).and_then(|word| word.bytes().next()).unwrap_or(b'?'), number(2)),
        _ => answer(&format!("there is no command {command:?}")),
    }
}

fn said(answer: &impl Fn(&str) -> Result<(), SendError>, result: Result<(), SendError>) -> Result<(), SendError> {
    answer(&match result {
        Ok(()) => "done".to_owned(),
        Err(e) => format!("{e:?}"),
    })
}

/// Sends messages of `letter`, large and small in turn, each with its letter and length in front, and tries again where there is no room.
fn burst<S>(worker: &Worker<S>, to: SessionId, letter: u8, messages: u64) -> Result<(), SendError> {
    for n in 0..messages {
        let length = if n % 2 == 0 { (2 << 20) - 5 } else { 100 + n as usize };
        let mut message = vec![letter];
        message.extend((length as u32).to_le_bytes());
        message.resize(length + 5, letter);
        while let Err(e) = worker.send(to, &message) {
            if e != SendError::BufferFull {
                return Err(e);
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

fn info<S>(worker: &Worker<S>, fd: SessionId) -> String {
    let Some(info) = worker.connection_info(fd) else {
        return "none".to_owned();
    };
    format!(
        "info id={} reactor={} listener={} listener_port={} worker={} remote={} connected={} received={} sent={} in={} out={} queued={} closing={}",
        info.id,
        info.reactor,
        info.listener,
        info.listener_port,
        info.worker,
        info.remote,
        info.connected.elapsed().is_ok(),
        info.last_received.is_some(),
        info.last_sent.is_some(),
        info.bytes_in,
        info.bytes_out,
        info.queued,
        info.closing.map_or_else(String::new, |reason| reason.to_string()),
    )
}

fn stats<S>(worker: &Worker<S>) -> String {
    let stats = worker.stats();
    let mut line = format!(
        "stats connections={} accepted={} closed={} refused={} tasks={} tasking={} leaving={}",
        stats.connection_num,
        stats.accept_count,
        stats.close_count,
        stats.refused_count,
        stats.task_count,
        stats.tasking_num,
        stats.is_leaving
    );
    for worker in stats.workers.iter().chain(&stats.task_workers) {
        let id = worker.id;
        let _ = write!(
            line,
            " pid{id}={} state{id}={:?} requests{id}={} restarts{id}={} rss{id}={} tasks{id}={} died{id}={}",
            worker.pid.unwrap_or(0),
            worker.state,
            worker.requests,
            worker.restarts,
            worker.rss.unwrap_or(0),
            worker.tasks,
            worker.tasks_died
        );
    }
    line
}

/// So many bytes that a scripted server echoes and that show it when some are missing or in another place.
#[must_use]
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ at >> 7 ^ at >> 14) as u8 | ECHOED).collect()
}

/// Ends this process as `kill -9` would.
pub fn die() -> ! {
    let _ = kill(Pid::this(), Signal::SIGKILL);
    spin()
}

fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Files become no larger than this; who makes one larger is told, and not killed. 0 for no limit.
///
/// # Panics
/// When a limit cannot be lowered.
pub fn limit_files(bytes: u64) {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    signals.thread_block().expect("a signal can be blocked");
    let (_, most) = getrlimit(Resource::RLIMIT_FSIZE).expect("a limit can be read");
    setrlimit(Resource::RLIMIT_FSIZE, if bytes == 0 { most } else { bytes }, most).expect("a limit can be lowered");
}
