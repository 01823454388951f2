//! A server with a listener for each kind of frame. It answers each package with its length and its bytes.

use swoole::{CloseReason, Frame, SessionId, Worker, WorkerStart};
use system_tests::{journal, script};

struct Framer;

#[swoole::server(
    mode = "process",
    workers = 2,
    frame = length(u32_be, offset = 0, body = 4),
    package_max_length = mib(2),
    listener(name = "included", listen = "tcp://127.0.0.1:0", frame = length(u16_le, offset = 2, body = 4), package_max_length = kib(1)),
    listener(name = "header-too", listen = "tcp://127.0.0.1:0", frame = length(u16_be, offset = 0, body = 0), package_max_length = kib(1)),
    listener(name = "split", listen = "tcp://127.0.0.1:0", frame = eof_split("\r\n"), package_max_length = kib(64)),
    listener(name = "check", listen = "tcp://127.0.0.1:0", frame = eof_check("\r\n"), package_max_length = kib(64)),
    listener(name = "function", listen = "tcp://127.0.0.1:0", frame = digits, package_max_length = kib(1)),
)]
impl Framer {
    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self)
    }

    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) {
        script::connect(worker, fd);
    }

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        match data {
            [_, _, _, _, b'n', b'a', b'p'] => {
                journal::write(&format!("napping worker={}", worker.id()));
                script::nap();
            }
            [_, _, _, _, b'd', b'i', b'e'] => script::die(),
            _ => {}
        }
        if worker.connection_info(fd).is_some_and(|info| info.listener_name == "main") {
            let length = data.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
            if length + 4 != data.len() {
                journal::write(&format!("mixed session={fd} length={length} of={}", data.len()));
            }
        }
        worker.send(fd, &(data.len() as u32).to_be_bytes())?;
        // No more goes in one call.
        data.chunks(2 << 20).try_for_each(|part| worker.send(fd, part))?;
        Ok(())
    }

    fn on_close(&mut self, worker: &Worker<Self>, fd: SessionId, reason: CloseReason) {
        journal::write(&format!("stats session={fd} violations={}", worker.stats().violation_count));
        script::close(worker, fd, reason);
    }

    /// Two digits, and so many bytes.
    fn digits(bytes: &[u8]) -> Frame {
        match bytes {
            [b'!', ..] => panic!("asked to panic"),
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Frame::Package(2 + usize::from(10 * (tens - b'0') + (ones - b'0'))),
            [b'0'..=b'9'] => Frame::Incomplete,
            _ => Frame::Violation,
        }
    }
}

fn main() -> swoole::Result<()> {
    Framer::start()
}
