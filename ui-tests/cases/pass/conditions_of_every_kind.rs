//! A callback under a condition, true and false; several that are alternatives; several conditions on one.
#![deny(warnings)]
use swoole::{CloseReason, Lost, Master, SessionId, Worker};

#[derive(Default)]
struct Echo {
    seen: u8,
}

#[swoole::server(listen = "tcp://127.0.0.1:9501")]
impl Echo {
    #[cfg(all())]
    fn on_start(_master: &Master) {}
    #[cfg(any())]
    fn on_shutdown(_master: &Master, _no: NoSuchType) -> NoSuchType {}
    #[cfg(any())]
    fn on_worker_start(_worker: &swoole::WorkerStart) -> NoSuchType {}
    #[cfg(all(unix, not(any())))]
    #[cfg(target_os = "linux")]
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    #[cfg(any(windows, target_os = "macos"))]
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {
        compile_error!("nobody gets here");
    }
    #[cfg(not(any(unix, windows)))]
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    /// Documented in between.
    #[cfg(target_pointer_width = "64")]
    #[inline]
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, data: &[u8]) -> Result<(), String> {
        self.seen = data.len() as u8;
        Ok(())
    }
    #[cfg(not(target_pointer_width = "64"))]
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    #[cfg_attr(all(), inline, allow(unused_variables))]
    #[cfg_attr(any(), no_such_attribute)]
    fn on_lost(&mut self, worker: &Worker<Self>, lost: &Lost) {}
    #[cfg(test)]
    fn on_worker_stop(&mut self, _worker: &Worker<Self>) {}
    fn helper(&self) -> u8 {
        self.seen
    }
}

#[cfg(any())]
#[swoole::server(colour = 1)]
impl NoSuchServer {}

#[cfg_attr(all(), swoole::server(listen = "tcp://127.0.0.1:9502"))]
impl Other {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}
#[derive(Default)]
struct Other;

fn main() {
    assert_eq!(Echo::default().helper(), 0);
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _, Other::start as fn() -> _);
}
