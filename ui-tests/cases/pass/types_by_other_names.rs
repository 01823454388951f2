#![deny(warnings)]
use swoole::{SessionId as Fd, Worker};

type Context<'a> = &'a Worker<Echo>;
type Bytes<'a> = &'a [u8];
type Maybe = Option<Fd>;
type Done = Result<(), String>;

#[derive(Default)]
struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl self::Echo {
    fn on_connect(&mut self, _: Context<'_>, _: Fd) -> Done {
        Ok(())
    }
    fn on_receive(self: &mut Self, worker: &'_ swoole::Worker<Self>, mut fd: Fd, data: Bytes<'_>) -> Result<(), swoole::SendError> {
        fd = Fd::new(fd.get()).unwrap_or(fd);
        worker.send(fd, data)
    }
    fn on_close(self: &mut Echo, _: &Worker<Echo>, _: Fd, _: swoole::CloseReason) {}
    fn on_panic(_: Context<'_>, _: Maybe, _: &str) {}
}

fn main() {
    let _ = Echo::start as fn() -> _;
}
