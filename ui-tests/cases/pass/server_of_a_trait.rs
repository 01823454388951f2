//! A server of whatever type implements a trait, with its associated types, constants and bounds.
#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker, WorkerStart};

pub trait Handler: Sized + 'static {
    type State: Default;
    const N: u32;
    fn handle<'a>(s: &mut Self::State, d: &'a [u8]) -> &'a [u8];
}
pub struct Echo<H: Handler + ?Sized>(H::State)
where
    H: Sized;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl<H> Echo<H>
where
    H: Handler<State: Clone>,
{
    pub const N: u32 = H::N;
    fn on_worker_start(_w: &WorkerStart) -> Self {
        Self(Default::default())
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        worker.send(fd, H::handle(&mut self.0, data))?;
        Ok(())
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    pub fn helper(&self) -> H::State {
        self.0.clone()
    }
}

struct P;
impl Handler for P {
    type State = u8;
    const N: u32 = 1;
    fn handle<'a>(s: &mut u8, d: &'a [u8]) -> &'a [u8] {
        *s += 1;
        d
    }
}

fn main() {
    assert_eq!(Echo::<P>(3).helper(), 3);
    assert_eq!(Echo::<P>::N, 1);
    let _ = (Echo::<P>::start as fn() -> _, Echo::<P>::builder as fn() -> _);
}
