//! A server with a key of each kind in its attribute, and a section of its own in the settings file.

use serde::Deserialize;
use swoole::{CloseReason, SessionId, Worker, WorkerStart};
use system_tests::{journal, script};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    greeting: String,
    #[serde(default)]
    retries: u8,
}

struct Configured;

#[swoole::server(
    mode = "process",
    listen = "tcp://127.0.0.1:1",
    workers = 2,
    tcp_nodelay = false,
    ring_memory = mib(32),
    max_wait_time = secs(4)
)]
impl Configured {
    fn on_worker_start(worker: &WorkerStart) -> swoole::Result<Self> {
        let section: Section = worker.app()?;
        let (id, generation) = (worker.id(), worker.generation());
        journal::write(&format!(
            "on_worker_start worker={id} pid={} generation={generation} greeting={} retries={}",
            worker.pid(),
            section.greeting,
            section.retries
        ));
        Ok(Self)
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        script::receive(worker, fd, data)
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() -> swoole::Result<()> {
    let mut builder = Configured::builder();
    if script::is_to("build_all") {
        builder = builder.listen("tcp://127.0.0.1:6").workers(6).tcp_nodelay(false).ring_memory(6 << 20).max_wait_time(6);
    }
    if script::is_to("build_nonsense") {
        builder = builder.listen("nowhere").workers(0).backlog(1).max_wait_time(0);
    }
    if script::is_to("check_section") {
        builder = builder.app::<Section>();
    }
    if let Ok(file) = std::env::var("SYSTEM_TEST_FILE_BY_CODE") {
        builder = builder.config(file);
    }
    builder.start()
}
