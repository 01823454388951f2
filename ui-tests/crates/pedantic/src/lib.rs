//! A server with every callback and every key, which clippy, at its most pedantic, must have nothing to say to.
#![deny(warnings, missing_docs, unused, rust_2018_idioms, future_incompatible, let_underscore_drop, unreachable_pub)]
#![deny(unused_qualifications, unused_results, unused_lifetimes, single_use_lifetimes, trivial_casts, trivial_numeric_casts)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::cargo)]
#![forbid(unsafe_code)]
// The packages of this workspace are not published, and say little of themselves; what others depend on is theirs.
#![allow(clippy::cargo_common_metadata, clippy::multiple_crate_versions)]

use std::time::Duration;
use swoole::{
    CloseReason, Lost, Manager, Master, MessageError, SendError, SessionId, Task, TaskId, TaskWorker, TimerError, Worker, WorkerExit,
    WorkerId, WorkerStart,
};

/// Has every callback, and uses little of what they are given.
pub struct Pedant {
    seen: usize,
}

#[swoole::server(
    mode = "process",
    listen = "tcp://127.0.0.1:9501",
    listener(name = "admin", listen = "unix:///run/admin.sock", backlog = 1 + 1, on_receive = admin_receive),
    tcp_keepalive(idle = secs(60), interval = secs(10), count = 3),
    workers = Pedant::WORKERS,
    reactors = 1 + 1,
    task_workers = 2,
    task_queue = 64,
    task_cell = kib(4),
    task_dispatch = "round_robin",
    task_max_request = 1_000,
    task_max_request_grace = 100,
    task_tmpdir = "/var/tmp",
    timers = [1_000, 20],
    max_timers = 1_000,
    max_conn = 10_000,
    backlog = 512,
    tcp_nodelay = true,
    buffer_output_size = mib(2),
    socket_buffer_size = mib(8) - kib(1),
    ring_memory = gib(1),
    message_queue = 64,
    message_cell = kib(4),
    log_level = "info",
    log_file = "/var/log/server.log",
    daemonize = true,
    pid_file = "/run/server.pid",
    user = "www-data",
    group = "www-data",
    chroot = "/srv/jail",
    cpu_affinity = true,
    cpu_affinity_ignore = "0,1",
    max_request = 100_000,
    max_request_grace = 1_000,
    max_worker_age = mins(60),
    max_worker_rss = mib(512),
    reload = "fork",
    ready_timeout = secs(30),
    control = "off",
    max_wait_time = mins(1) + secs(3)
)]
impl Pedant {
    const WORKERS: u32 = 2;

    fn on_start(_master: &Master) {}
    fn on_shutdown(_master: &Master) {}
    fn on_manager_start(_manager: &Manager) {}
    fn on_manager_stop(_manager: &Manager) {}
    fn on_worker_error(_manager: &Manager, _exit: &WorkerExit) {}
    fn on_worker_start(_worker: &WorkerStart) -> Self {
        Self { seen: 0 }
    }
    fn on_worker_stop(&mut self, _worker: &Worker<Self>) {}
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn admin_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, data: &[u8]) {
        self.seen += data.len();
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), SendError> {
        self.seen += data.len();
        worker.send(fd, data)
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, task: Task<(SessionId, &str)>) -> Result<usize, String> {
        if task.1.is_empty() { Err("nothing".to_owned()) } else { Ok(task.1.len()) }
    }
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, output: Result<usize, String>) {
        self.seen += output.unwrap_or_default();
    }
    fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, message: &[u8]) -> Result<(), MessageError> {
        self.seen += message.len();
        worker.send_message(from, message)
    }
    fn on_timer(&mut self, worker: &Worker<Self>, period: Duration) -> Result<(), TimerError> {
        let seen = self.seen;
        let timer = worker.after(period, move |this, _| this.seen -= seen)?;
        if worker.clear_timer(timer) { Ok(()) } else { Err(TimerError::NoTime) }
    }
    fn on_lost(&mut self, _worker: &Worker<Self>, _lost: &Lost) {}
    fn on_panic(_worker: &Worker<Self>, _fd: Option<SessionId>, _message: &str) {}
}

/// A generic one, with lifetimes, results of every kind and a state of its own.
#[derive(Debug)]
pub struct Generic<'a, T, const N: usize> {
    of: &'a str,
    all: [T; N],
}

#[swoole::server(listen = "tcp://127.0.0.1:9502")]
impl<T: Copy + Default + 'static, const N: usize> Generic<'_, T, N> {
    fn on_worker_start(worker: &WorkerStart) -> Result<Self, String> {
        if worker.pid() > 1 { Ok(Self { of: "", all: [T::default(); N] }) } else { Err("only one".to_owned()) }
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) -> swoole::Result<()> {
        println!("{} {}", self.of, self.all.len());
        if self.all.is_empty() { Err(SendError::Closed.into()) } else { Ok(()) }
    }
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), SendError> {
        worker.send(fd, data)
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, from: WorkerId, message: String) {
        println!("{from}: {message}");
    }
}

#[test]
fn the_servers_are_there() {
    let servers: [fn() -> swoole::Result<()>; 2] = [Pedant::start, Generic::<u8, 4>::start];
    let builder: fn() -> swoole::Builder<Pedant> = Pedant::builder;
    assert!(servers.len() == 2 && size_of_val(&builder) > 0);
}
