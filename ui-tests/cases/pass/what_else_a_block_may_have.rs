#![deny(warnings)]
use swoole::{CloseReason, SessionId, Worker};

#[derive(Default)]
pub struct Echo {
    sent: usize,
}

/// What the server is.
#[swoole::server(listen = "tcp://127.0.0.1:9501")]
#[allow(clippy::all)]
impl Echo {
    const TWO: usize = {
        let one = 1;
        one + one
    };
    const NAMES: [&'static str; Self::TWO] = ["a", "b"];
    pub const fn constant() -> usize {
        Self::NAMES.len()
    }
    /// `on` alone is no callback, nor is a word that begins with it.
    fn only(&self, f: impl Fn() -> usize) -> usize {
        f() + Self::constant() + self.on() + self.one::<u8>()
    }
    fn on(&self) -> usize {
        self.sent
    }
    pub(crate) async fn later<T>(_: T) {}
    unsafe fn raw(&self) {}
    fn one<T>(&self) -> usize {
        let _ = (Self::later::<u8>(0), Self::raw as unsafe fn(&Self));
        size_of::<T>()
    }
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

fn main() {
    let _ = Echo::start as fn() -> _;
    assert_eq!(Echo::default().only(|| 1), 4);
}
