//! A server with several listeners, each with callbacks of its own or those of the main one. It answers by which callback it was.

use swoole::{CloseReason, Remote, SessionId, Worker};
use system_tests::journal;

#[derive(Default)]
struct Ports;

#[swoole::server(
    mode = "process",
    workers = 2,
    tcp_user_timeout = secs(7),
    listener(
        name = "admin",
        listen = "tcp://127.0.0.1:0",
        backlog = 64,
        tcp_nodelay = false,
        tcp_keepalive(idle = secs(77), interval = secs(7), count = 4),
        on_connect = on_admin,
        on_receive = admin_receive,
        on_close = Self::admin_close,
    ),
    listener(name = "local", on_receive = local_receive),
    listener(name = "second-admin", listen = "unix://@system-test", on_receive = admin_receive, on_close = on_close),
)]
impl Ports {
    fn on_connect(&mut self, _worker: &Worker<Self>, fd: SessionId) {
        journal::write(&format!("on_connect session={fd} by=main"));
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        answer("main", worker, fd, data)
    }

    fn on_close(&mut self, _worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        journal::write(&format!("on_close session={fd} reason={reason} by=main"));
    }

    fn on_admin(&mut self, _worker: &Worker<Self>, fd: SessionId) {
        journal::write(&format!("on_connect session={fd} by=admin"));
    }

    fn admin_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        answer("admin", worker, fd, data)
    }

    fn admin_close(&mut self, _worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        journal::write(&format!("on_close session={fd} reason={reason} by=admin"));
    }

    fn local_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        if data.ends_with(b"?\n") {
            return answer("local", worker, fd, data);
        }
        worker.send(fd, data)?;
        Ok(())
    }
}

fn answer(by: &str, worker: &Worker<Ports>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
    let text = String::from_utf8_lossy(data);
    if text.trim() == "die" {
        std::process::abort();
    }
    let Some(info) = worker.connection_info(fd) else { return Ok(()) };
    let uid = match info.remote {
        Remote::Unix { uid, .. } => uid.to_string(),
        _ => String::new(),
    };
    let line = format!(
        "said by={by} pid={} session={fd} listener={} name={} port={} remote={} uid={uid} failed={}\n",
        std::process::id(),
        info.listener,
        info.listener_name,
        info.listener_port,
        info.remote,
        worker.stats().accept_failed_count,
    );
    worker.send(fd, line.as_bytes())?;
    Ok(())
}

fn main() -> swoole::Result<()> {
    Ports::start()
}
