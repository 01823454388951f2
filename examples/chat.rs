//! What it shows: a line chat over several worker processes. Each worker knows only the half-typed lines of its own sessions; a message
//! goes to the sessions of all workers, through the session iterator.
//!
//! Run it:      cargo run --release --example chat
//! Type:        nc 127.0.0.1 9502      in two terminals, `a` and `b`, what stands behind `>`
//! You see:     what stands behind `<`
//!
//! ```text
//! a> hello
//! a< 1: hello
//! b> hi
//! a< 2 joins
//! b< 2: hi
//! a< 2: hi
//! a> how are you?
//! a< 1: how are you?
//! b< 1: how are you?
//! b> /leave
//! b closed
//! a< 2 leaves
//! ```

use std::collections::HashMap;
use swoole::{CloseReason, SendError, SessionId, Worker};

/// One worker's part of the chat: what its sessions have typed of a line so far.
#[derive(Default)]
struct Chat {
    typed: HashMap<SessionId, Vec<u8>>,
}

#[swoole::server(mode = "process", workers = 2, listen = "tcp://127.0.0.1:9502")]
impl Chat {
    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {
        self.typed.insert(fd, Vec::new());
        tell_others(worker, fd, &format!("{fd} joins\n"));
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), SendError> {
        let typed = self.typed.entry(fd).or_default();
        typed.extend_from_slice(data);
        while let Some(end) = typed.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = typed.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if line.trim_end() == "/leave" {
                return worker.close(fd);
            }
            let message = format!("{fd}: {}\n", line.trim_end());
            // Who sees his own line knows that it is on its way to all.
            tell_others(worker, fd, &message);
            worker.send(fd, message.as_bytes())?;
        }
        Ok(())
    }

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, _reason: CloseReason) {
        self.typed.remove(&fd);
        tell_others(worker, fd, &format!("{fd} leaves\n"));
    }
}

/// Sends to every session of the server but one. A client that has just gone, or reads too slowly, misses the message.
fn tell_others(worker: &Worker<Chat>, but: SessionId, message: &str) {
    for fd in worker.sessions().filter(|&fd| fd != but) {
        let _ = worker.send(fd, message.as_bytes());
    }
}

fn main() -> swoole::Result<()> {
    Chat::start()
}
