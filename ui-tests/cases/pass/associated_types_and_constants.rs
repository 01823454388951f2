//! Types of a trait in the signatures of callbacks, and constants of the block.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

trait Protocol {
    type Fd;
    type Bytes<'a>;
    type Done;
    const WORKERS: u32;
}
struct Plain;
impl Protocol for Plain {
    type Fd = SessionId;
    type Bytes<'a> = &'a [u8];
    type Done = Result<(), String>;
    const WORKERS: u32 = 2;
}

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501", workers = <Plain as Protocol>::WORKERS)]
impl Echo {
    const LIMIT: usize = 1 << 10;
    const NAMES: &'static [&'static str] = &["on_nothing"];

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: <Plain as Protocol>::Fd) -> <Plain as Protocol>::Done {
        Ok(())
    }
    fn on_receive<'a>(
        &mut self,
        _worker: &Worker<Self>,
        _fd: SessionId,
        data: <Plain as Protocol>::Bytes<'a>,
    ) -> <Plain as Protocol>::Done {
        if data.len() > Self::LIMIT { Err(Self::NAMES[0].to_owned()) } else { Ok(()) }
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn helper(&self) -> usize {
        Self::LIMIT
    }
}

fn main() {
    assert_eq!(Echo::default().helper(), 1024);
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
