use swoole::{CloseReason, PacketSource, SessionId, Worker};

#[derive(Default)]
struct Echo;

<<<<<<<< HEAD:ui-tests/cases/c9/max_timers_zero.rs
#[swoole::server(listen = "tcp://127.0.0.1:9501", max_timers = 0)]
========
#[swoole::server(listen = "tcp://127.0.0.1:9501",
    listener(name = "admin", listen = "tcp://127.0.0.1:9502", on_packet = admin_packet)
)]
>>>>>>>> d3cd475c5e935ad441269f78a06fb9da18098a42:ui-tests/cases/c2/on_packet_of_a_listener_with_sessions.rs
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    pub fn admin_packet(&mut self, _worker: &Worker<Self>, _from: &PacketSource, _data: &[u8]) {}
    fn helper(&self) {}
}

fn main() {
    Echo.helper();
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
