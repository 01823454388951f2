//! Every key, as its documentation writes it.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Task, TaskId, TaskWorker, Worker, WorkerId};

#[derive(Default)]
struct Echo;

#[swoole::server(
    mode = "process",
    listen = "tcp://127.0.0.1:9501",
    workers = 4,
    reactors = 2,
    task_workers = 4,
    task_queue = 128,
    task_cell = kib(8),
    task_dispatch = "idle",
    task_max_request = 1000,
    task_max_request_grace = 500,
    task_tmpdir = "/var/tmp",
    message_queue = 128,
    message_cell = kib(8),
    timers = [1000, 20],
    max_timers = 100_000,
    max_conn = 10_000,
    backlog = 512,
    tcp_nodelay = true,
    tcp_defer_accept = secs(5),
    tcp_fastopen = 256,
    tcp_user_timeout = secs(30),
    tcp_keepalive = true,
    tcp_keepalive_idle = secs(60),
    tcp_keepalive_interval = secs(10),
    tcp_keepalive_count = 3,
    enable_reuse_port = true,
    ipv6_only = true,
    unix_mode = "660",
    frame = eof_split("\r\n"),
    package_max_length = mib(2),
    heartbeat = true,
    heartbeat_check = secs(60),
    heartbeat_idle = secs(120),
    max_queued_bytes = mib(1),
    discard_timeout_request = true,
    output_memory = mib(256),
    buffer_high_watermark = mib(4),
    buffer_low_watermark = kib(64),
    send_yield = secs(2),
    buffer_output_size = mib(2),
    socket_buffer_size = mib(8),
    ring_memory = mib(64),
    log_level = "info",
    log_file = "/var/log/server.log",
    daemonize = true,
    pid_file = "/run/server.pid",
    stats_file = "/run/server.stats.json",
    user = "www-data",
    group = "www-data",
    chroot = "/srv/jail",
    cpu_affinity = true,
    cpu_affinity_ignore = "0,1",
    max_request = 100_000,
    max_request_grace = 50_000,
    max_worker_age = secs(86_400),
    max_worker_rss = mib(512),
    reload = "exec",
    reload_async = true,
    watchdog = secs(5),
    ready_timeout = secs(60),
    control = "/run/echo.sock",
    lame_duck = secs(10),
    max_wait_time = secs(3),
    jobs_timeout = secs(30),
    drain_timeout = secs(10),
    stop_timeout = secs(5)
)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, _task: Task<&[u8]>) {}
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: ()) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: &[u8]) {}
    fn on_timer(&mut self, _worker: &Worker<Self>, _period: std::time::Duration) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
