//! One block is the server; others are as ever, and so are traits.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
struct Echo {
    seen: u64,
}

impl Echo {
    fn helper(&self) -> u64 {
        self.seen + Self::EXTRA
    }
}

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {
        self.seen += 1;
    }
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), swoole::SendError> {
        self.answer(worker, fd, data)
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

impl Echo {
    const EXTRA: u64 = 1;
    fn answer(&self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), swoole::SendError> {
        worker.send(fd, data)
    }
    /// In another block a name of this kind is nobody's callback.
    fn on_coffee(&self) {}
}

trait Named {
    fn start(&self) -> &'static str;
}
impl Named for Echo {
    fn start(&self) -> &'static str {
        "not the server's"
    }
}

fn main() {
    let echo = Echo::default();
    echo.on_coffee();
    assert_eq!((echo.helper(), Named::start(&echo)), (1, "not the server's"));
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
