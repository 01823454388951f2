//! What it shows: the smallest server. Every byte comes back; the work is done in two worker processes, the sockets are the master's.
//!
//! Run it:      cargo run --release --example echo
//! Type:        nc 127.0.0.1 9501      and then, line by line, what stands behind `>`
//! You see:     what stands behind `<`; Ctrl-C in the server's terminal ends it, with exit code 0
//!
//! ```text
//! a> hello
//! a< hello
//! b> another client
//! b< another client
//! a> still the first
//! a< still the first
//! ```

use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo;

#[swoole::server(mode = "process", workers = 2, listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        worker.send(fd, data)?;
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() -> swoole::Result<()> {
    Echo::start()
}
