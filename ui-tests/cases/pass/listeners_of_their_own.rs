#![deny(warnings)]
use swoole::{CloseReason, Remote, SessionId, Worker};

const LONG: u32 = 1 << 10;

struct Echo<T>(T);

impl<T: Default> Default for Echo<T> {
    fn default() -> Self {
        Self(T::default())
    }
}

#[swoole::server(
    listen = "tcp://127.0.0.1:9501",
    tcp_keepalive(idle = mins(1), interval = secs(10), count = 3),
    listener(
        name = "admin",
        listen = "unix:///run/admin.sock",
        unix_mode = "660",
        backlog = LONG,
        on_connect = Self::admin_connect,
        on_receive = on_admin,
        on_close = on_close,
    ),
    listener(name = "second-one", listen = "tcp6://[::]:9502", ipv6_only = true, tcp_nodelay = false, on_receive = on_admin),
    listener(name = "third_1", tcp_keepalive = false),
)]
impl<T: Default + 'static> Echo<T> {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn admin_connect(&mut self, worker: &Worker<Self>, fd: SessionId) -> Result<(), &'static str> {
        match worker.connection_info(fd).map(|info| (info.listener_name, info.remote)) {
            Some(("admin", Remote::Unix { pid, uid: 0, .. })) if pid > 0 => Ok(()),
            _ => Err("who is that?"),
        }
    }

    // Of one of them, wherever that is.
    #[cfg(unix)]
    fn on_admin(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        worker.send(fd, data)?;
        Ok(())
    }

    #[cfg(not(unix))]
    fn on_admin(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
}

fn main() {
    let _ = Echo::<u8>::start as fn() -> _;
}
