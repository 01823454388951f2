//! What a callback may return: any error that has words.
#![deny(warnings)]
use std::{borrow::Cow, error, fmt, io};
use swoole::{CloseReason, Lost, Manager, Master, SendError, SessionId, Worker, WorkerExit, WorkerStart};

/// Like `anyhow::Error`: made of any error, and none itself.
struct Any(Box<dyn error::Error + Send + Sync>);
impl fmt::Display for Any {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<E: error::Error + Send + Sync + 'static> From<E> for Any {
    fn from(e: E) -> Self {
        Self(e.into())
    }
}
type Done<E = Any> = Result<(), E>;

struct Echo;

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    fn on_start(_master: &Master) -> Result<(), &'static str> {
        Err("no")
    }
    fn on_shutdown(_master: &Master) -> io::Result<()> {
        Ok(())
    }
    fn on_manager_start(_manager: &Manager) -> Result<(), Box<dyn error::Error>> {
        Err("no".into())
    }
    fn on_manager_stop(_manager: &Manager) -> Result<(), fmt::Error> {
        Ok(())
    }
    fn on_worker_error(_manager: &Manager, _exit: &WorkerExit) -> Result<(), std::convert::Infallible> {
        Ok(())
    }
    fn on_worker_start(_worker: &WorkerStart) -> Result<Self, String> {
        Ok(Self)
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) -> Result<(), Cow<'static, str>> {
        Ok(())
    }
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Done {
        std::str::from_utf8(data)?.parse::<u64>()?;
        Ok(worker.send(fd, data)?)
    }
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) -> Done<SendError> {
        Ok(())
    }
    fn on_lost(&mut self, _worker: &Worker<Self>, _lost: &Lost) -> Result<(), fmt::Arguments<'static>> {
        Err(format_args!("lost"))
    }
    fn on_panic(_worker: &Worker<Self>, _fd: Option<SessionId>, _message: &str) -> swoole::Result<()> {
        Ok(())
    }
    fn on_worker_stop(&mut self, _worker: &Worker<Self>) -> Result<(), Box<dyn error::Error + Send + Sync>> {
        Ok(())
    }
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
