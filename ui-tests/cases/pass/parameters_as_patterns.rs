//! A parameter may be any pattern, and types may be written in any way.
#![deny(warnings)]
#![allow(unused_parens)]
use swoole::{CloseReason, Lost, Manager, SessionId, Worker, WorkerExit};

#[derive(Default)]
struct Echo {
    last: Option<u8>,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_connect(&mut self, _: &Worker<Self>, mut fd: SessionId) {
        if self.last.is_some() {
            fd = SessionId::new(1).unwrap_or(fd);
        }
        println!("{fd}");
    }
    fn on_receive(&mut self, worker @ _: &Worker<Self>, fd: (SessionId), mut data: &[u8]) -> (swoole::Result<()>) {
        while let Some((first, rest)) = data.split_first() {
            self.last = Some(*first);
            worker.send(fd, &data[..1])?;
            data = rest;
        }
        Ok(())
    }
    fn on_close(self: &mut Self, _: &'_ swoole::Worker<Echo>, _: swoole::SessionId, _reason @ _: CloseReason) {}
    fn on_lost(self: &mut Self, _: &Worker<Self>, _: &Lost) {}
    fn on_worker_error(_: &Manager, _: &WorkerExit) {}
    fn on_panic(_: &Worker<Self>, _fd @ (None | Some(_)): Option<SessionId>, _: &str) {}
    fn helper(&self) {}
}

fn main() {
    Echo::default().helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
