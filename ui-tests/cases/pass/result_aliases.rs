//! `-> !`, `-> ()`, parentheses, aliases and `impl Trait` behind a callback.
#![deny(warnings)]
#![allow(unused_parens)]
use swoole::{CloseReason, Manager, Master, SessionId, Worker, WorkerStart};

type Nothing = ();
type Failed = Result<Nothing, Box<dyn std::error::Error>>;
type State = Result<Echo, std::num::ParseIntError>;

struct Echo(u8);

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_start(_master: &Master) -> Nothing {}
    fn on_manager_start(_manager: &Manager) -> (Nothing) {}
    fn on_worker_start(_worker: &WorkerStart) -> State {
        "7".parse().map(Self)
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) -> ! {
        std::process::abort()
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) -> Failed {
        self.0 += "1".parse::<u8>()?;
        Ok(())
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) -> (Result<(), String>) {
        Ok(())
    }
    fn helper(&self) -> u8 {
        self.0
    }
}

fn main() {
    assert_eq!(Echo(7).helper(), 7);
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
