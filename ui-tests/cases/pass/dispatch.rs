#![deny(warnings)]

use swoole::{CloseReason, Dispatch, SessionId, SessionInfo, Worker};

macro_rules! server {
    ($name:ident, $($keys:tt)*) => {
        #[derive(Default)]
        struct $name;

        #[swoole::server(listen = "tcp://127.0.0.1:9501", $($keys)*)]
        impl $name {
            fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
            fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
                worker.bind(fd, u64::from(data.first().copied().unwrap_or(0)))?;
                let _: Option<u64> = worker.connection_info(fd).and_then(|info| info.uid);
                Ok(())
            }
            fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
        }
    };
}

mod elsewhere {
    pub fn by_session(session: &swoole::SessionInfo, _data: &[u8]) -> swoole::Dispatch {
        swoole::Dispatch::To(session.id.get())
    }
}

server!(Fixed, dispatch = "fixed");
server!(Ip, dispatch = "ip");
server!(Uid, dispatch = "uid");
server!(LeastConn, dispatch = "least_conn");
server!(RoundRobin, dispatch = "round_robin", unsafe_events = true);
server!(LeastReq, unsafe_events = true, dispatch = "least_req");
server!(ByFunction, dispatch = elsewhere::by_session);

#[derive(Default)]
struct Idle;

#[swoole::server(listen = "tcp://127.0.0.1:9501", dispatch = "idle", frame = eof_split("\n"))]
impl Idle {
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    #[cfg(any())]
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
}

#[derive(Default)]
struct ByMethod;

#[swoole::server(listen = "tcp://127.0.0.1:9501", dispatch = by_length)]
impl ByMethod {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn by_length(_session: &SessionInfo, data: &[u8]) -> Dispatch {
        if data.is_empty() { Dispatch::Discard } else { Dispatch::To(data.len() as u64) }
    }
}

fn main() {
    let _ = (Fixed::start as fn() -> _, Ip::start as fn() -> _, Uid::start as fn() -> _);
    let _ = (LeastConn::start as fn() -> _, RoundRobin::start as fn() -> _, LeastReq::start as fn() -> _);
    let _ = (ByMethod::start as fn() -> _, ByFunction::start as fn() -> _, Idle::start as fn() -> _);
}
