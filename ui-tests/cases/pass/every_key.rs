#![deny(warnings)]
use swoole::{CloseReason, SessionId, Task, TaskId, TaskWorker, Worker, WorkerId};

const CPUS: u32 = 4;
const SETTINGS_OF_MINE: u32 = 128;

#[derive(Default)]
struct Echo;

#[swoole::server(
    mode = "process",
    listen = concat!("tcp://", "127.0.0.1:9501"),
    workers = CPUS * 2,
    reactors = size_of::<(u8, u8)>() as u32,
    task_workers = 2,
    task_queue = 1 << 8,
    task_cell = kib(16),
    task_dispatch = "round_robin",
    task_max_request = 1_000,
    task_max_request_grace = 1_000 / 4,
    task_tmpdir = "/var/tmp",
    message_queue = 2 * 64,
    message_cell = kib(2),
    timers = [1_000, 0x14],
    max_timers = SETTINGS_OF_MINE * 2,
    max_conn = 10_000,
    backlog = SETTINGS_OF_MINE,
    tcp_nodelay = !false,
    tcp_defer_accept = secs(2) + 1,
    tcp_fastopen = SETTINGS_OF_MINE,
    tcp_user_timeout = mins(1) / 2,
    tcp_keepalive = !false,
    tcp_keepalive_idle = mins(1),
    tcp_keepalive_interval = secs(10) / 2,
    tcp_keepalive_count = CPUS,
    enable_reuse_port = 1 < 2,
    ipv6_only = !true,
    unix_mode = concat!("6", "60"),
    frame = eof_split("\n"),
    package_max_length = kib(64) + 1,
    heartbeat = !false,
    heartbeat_check = mins(1),
    heartbeat_idle = mins(1) * 2,
    max_queued_bytes = mib(1),
    discard_timeout_request = 1 < 2,
    output_memory = gib(1),
    buffer_high_watermark = mib(4) - 1,
    buffer_low_watermark = kib(64),
    send_yield = secs(1) + 1,
    buffer_output_size = kib(64),
    socket_buffer_size = mib(4),
    ring_memory = gib(1),
    log_level = "warn",
    log_file = concat!("/var/log", "/server.log"),
    daemonize = 1 > 2,
    pid_file = "/run/server.pid",
    stats_file = concat!("/run/", "stats"),
    user = "1000",
    group = concat!("www", "-data"),
    chroot = "/srv",
    cpu_affinity = !false,
    cpu_affinity_ignore = "0",
    max_request = 10_000 * 2,
    max_request_grace = SETTINGS_OF_MINE,
    max_worker_age = mins(60),
    max_worker_rss = gib(1) / 2,
    reload = concat!("ex", "ec"),
    reload_async = !true,
    watchdog = mins(1) - secs(30),
    ready_timeout = mins(2) - secs(1),
    control = concat!("/tmp/", "echo.sock"),
    lame_duck = secs(2) * 5,
    max_wait_time = mins(1) + secs(30),
    jobs_timeout = mins(1),
    drain_timeout = secs(2 * 10),
    stop_timeout = secs(1) + secs(2),
)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_task(&mut self, _task_worker: &TaskWorker<Self>, _task: Task<&[u8]>) {}
    fn on_finish(&mut self, _worker: &Worker<Self>, _task_id: TaskId, _output: ()) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: &[u8]) {}
    fn on_timer(&mut self, _worker: &Worker<Self>, _period: std::time::Duration) {}
}

fn main() {
    let _ = Echo::start as fn() -> _;
}
