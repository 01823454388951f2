//! A server for each way to dispatch, of which the test picks one. It answers each line with the worker that it came to.

use swoole::{CloseReason, Dispatch, SessionId, SessionInfo, Worker, WorkerStart};
use system_tests::{journal, script};

/// A line of a client.
fn receive<S>(worker: &Worker<S>, fd: SessionId, line: &[u8]) -> swoole::Result<()> {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end();
    match line.split_once(' ') {
        _ if line == "nap" => {
            journal::write(&format!("nap worker={}", worker.id()));
            script::nap();
        }
        _ if line == "die" => script::die(),
        Some(("bind", words)) => {
            let (uid, session) = words.split_once(' ').map_or((words, fd), |(uid, session)| (uid, session_of(session).unwrap_or(fd)));
            let bound = worker.bind(session, uid.parse().unwrap_or_default());
            return Ok(worker.send(fd, format!("at line=bind worker={} bound={bound:?}\n", worker.id()).as_bytes())?);
        }
        _ => {}
    }
    let whose = line.strip_prefix("uid ").and_then(session_of).unwrap_or(fd);
    let uid = worker.connection_info(whose).and_then(|info| info.uid).map_or_else(String::new, |uid| uid.to_string());
    let (stats, word) = (worker.stats(), line.replace([' ', '\n'], "_"));
    let (closed, discarded) = (stats.close_count, stats.discarded_count);
    let answer = format!("at line={word} worker={} session={fd} uid={uid} closed={closed} discarded={discarded}\n", worker.id());
    worker.send(fd, answer.as_bytes())?;
    Ok(())
}

fn session_of(word: &str) -> Option<SessionId> {
    word.parse().ok().and_then(SessionId::new)
}

macro_rules! server {
    ($name:ident, $($keys:tt)*) => {
        struct $name;

        #[swoole::server(mode = "process", workers = 4, $($keys)*)]
        impl $name {
            fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
                script::start(worker).map(|()| Self)
            }

            fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {
                script::connect(worker, fd);
            }

            fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
                receive(worker, fd, data)
            }

            fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
                script::close(worker, fd, reason);
            }
        }
    };
}

macro_rules! server_without_events {
    ($name:ident, $($keys:tt)*) => {
        struct $name;

        #[swoole::server(mode = "process", workers = 4, $($keys)*)]
        impl $name {
            fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
                script::start(worker).map(|()| Self)
            }

            fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
                receive(worker, fd, data)
            }
        }
    };
}

server!(Fixed, dispatch = "fixed", frame = eof_split("\n"));
server!(Ip, dispatch = "ip", frame = eof_split("\n"));
server!(Uid, dispatch = "uid", frame = eof_split("\n"));
server!(UidWithoutFrame, dispatch = "uid");
server!(LeastConn, dispatch = "least_conn", frame = eof_split("\n"));
server!(ByFunction, dispatch = by_first_word, frame = eof_split("\n"));
server!(ByFunctionWithoutFrame, dispatch = by_first_word);
server!(RoundRobinWithEvents, dispatch = "round_robin", unsafe_events = true, frame = eof_split("\n"));
server_without_events!(RoundRobin, dispatch = "round_robin", frame = eof_split("\n"));
server_without_events!(RoundRobinWithoutFrame, dispatch = "round_robin");
server_without_events!(Idle, dispatch = "idle", frame = eof_split("\n"));
server_without_events!(LeastReq, dispatch = "least_req", frame = eof_split("\n"));

/// A number names the worker, `drop` nobody, and what else there is the worker that the session has.
fn by_first_word(session: &SessionInfo, data: &[u8]) -> Dispatch {
    let text = String::from_utf8_lossy(data);
    match text.split_whitespace().next() {
        Some("drop") => Dispatch::Discard,
        Some("panic") => panic!("asked to panic"),
        Some(word) => Dispatch::To(word.parse().unwrap_or_else(|_| session.worker.get().into())),
        None => Dispatch::To(0),
    }
}

fn main() -> swoole::Result<()> {
    let dispatch = std::env::var("DISPATCH").unwrap_or_default();
    journal::write(&format!("main dispatch={dispatch}"));
    match dispatch.as_str() {
        "ip" => Ip::start(),
        "uid" => Uid::start(),
        "uid_without_frame" => UidWithoutFrame::start(),
        "least_conn" => LeastConn::start(),
        "function" => ByFunction::start(),
        "function_without_frame" => ByFunctionWithoutFrame::start(),
        "round_robin" => RoundRobin::start(),
        "round_robin_without_frame" => RoundRobinWithoutFrame::start(),
        "round_robin_with_events" => RoundRobinWithEvents::start(),
        "idle" => Idle::start(),
        "least_req" => LeastReq::start(),
        _ => Fixed::start(),
    }
}
