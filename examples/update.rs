//! What it shows: hot code update. A reload runs the program that lies at the server's path by then: new workers run new code, and every
//! connection stays. A program that cannot take over changes nothing: the log says why, and the old workers go on.
//!
//! Run it:      VERSION=1 cargo build --release --example update && cp target/release/examples/update /tmp/server && /tmp/server
//! Type:        nc 127.0.0.1 9507      what stands behind `>`
//! Then:        VERSION=2 cargo build --release --example update && cp target/release/examples/update /tmp/new && mv /tmp/new /tmp/server
//!              kill -USR1 $(pgrep -o server)      and go on in the same `nc`; here it is the same version again
//! Master too:  /tmp/server update                  the whole server, with its connections; `docs/control.md` tells of it
//!
//! ```text
//! a> hello
//! a< version 1, generation 1: hello
//! b> anybody there?
//! b< version 1, generation 1: anybody there?
//! reload
//! a> hello again
//! a< version 1, generation 2: hello again
//! b> still here
//! b< version 1, generation 2: still here
//! ```

use swoole::{CloseReason, SessionId, Worker};

/// Chosen when the program is built.
const VERSION: &str = match option_env!("VERSION") {
    Some(version) => version,
    None => "1",
};

#[derive(Default)]
struct Update;

#[swoole::server(mode = "process", workers = 2, listen = "tcp://127.0.0.1:9507", reload = "exec")]
impl Update {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let line = String::from_utf8_lossy(data);
        let answer = format!("version {VERSION}, generation {}: {}\n", worker.generation(), line.trim_end());
        Ok(worker.send(fd, answer.as_bytes())?)
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() -> swoole::Result<()> {
    Update::start()
}
