//! Every way to dispatch, with the callbacks that it has.

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
            #[allow(dead_code)]
            fn by_length(_session: &SessionInfo, data: &[u8]) -> Dispatch {
                if data.is_empty() { Dispatch::Discard } else { Dispatch::Worker(data.len() as u64) }
            }
        }
    };
}

mod elsewhere {
    pub fn by_session(session: &swoole::SessionInfo, _data: &[u8]) -> swoole::Dispatch {
        swoole::Dispatch::Worker(session.id.get())
    }
}

server!(Fixed, dispatch = "fixed");
server!(Ip, dispatch = "ip");
server!(Uid, dispatch = "uid");
server!(LeastConn, dispatch = "least_conn");
server!(RoundRobin, dispatch = "round_robin", unsafe_events = true);
server!(LeastReq, unsafe_events = true, dispatch = "least_req");
server!(ByMethod, dispatch = by_length);
server!(ByFunction, dispatch = elsewhere::by_session);
server!(ByClosure, dispatch = |_: &SessionInfo, _: &[u8]| Dispatch::Worker(0));

#[derive(Default)]
struct Idle;

#[swoole::server(listen = "tcp://127.0.0.1:9501", dispatch = "idle", frame = eof_split("\n"))]
impl Idle {
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    #[cfg(any())]
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
}

fn main() {
    let _ = (Fixed::builder as fn() -> _, Ip::builder as fn() -> _, Uid::builder as fn() -> _);
    let _ = (LeastConn::builder as fn() -> _, RoundRobin::builder as fn() -> _, LeastReq::builder as fn() -> _);
    let _ = (ByMethod::builder as fn() -> _, ByFunction::builder as fn() -> _, ByClosure::builder as fn() -> _, Idle::builder as fn() -> _);
}
