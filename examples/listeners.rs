//! What it shows: two listeners of one server, the second with a callback of its own: a place where the server is asked about itself, by
//! users of this machine alone.
//!
//! Run it:      cargo run --release --example listeners
//! Type:        nc 127.0.0.1 9508                      what stands behind `a>` and `b>`
//!              nc -U /tmp/swoole-listeners.sock       what stands behind `A>`
//! You see:     what stands behind `<`
//!
//! ```text
//! a> hello
//! a< hello
//! b> another client
//! b< another client
//! A> sessions
//! A< 3 sessions, 1 of them by `admin`
//! A> hello
//! A< this listener knows `sessions` and `shutdown`
//! a> still the first
//! a< still the first
//! A> shutdown
//! a closed
//! b closed
//! A closed
//! ```

use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(
    mode = "process",
    workers = 2,
    listen = "tcp://127.0.0.1:9508",
    listener(name = "admin", listen = "unix:///tmp/swoole-listeners.sock", unix_mode = "600", on_receive = admin_receive)
)]
impl Echo {
    // Of both: `admin` names none of its own.
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        worker.send(fd, data)?;
        Ok(())
    }

    fn admin_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let answer = match data.trim_ascii() {
            b"sessions" => {
                let all: Vec<_> = worker.sessions().filter_map(|session| worker.connection_info(session)).collect();
                let by_admin = all.iter().filter(|info| info.listener_name == "admin").count();
                format!("{} sessions, {by_admin} of them by `admin`\n", all.len())
            }
            b"shutdown" => {
                worker.shutdown();
                return Ok(());
            }
            _ => "this listener knows `sessions` and `shutdown`\n".to_owned(),
        };
        worker.send(fd, answer.as_bytes())?;
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() -> swoole::Result<()> {
    Echo::start()
}
