#![deny(warnings)]
use std::collections::HashMap;
use swoole::{CloseReason, Interface, Lost, LostKind, PacketSource, SendError, SessionId, Worker};

#[derive(Default)]
struct Echo {
    seen: HashMap<PacketSource, u64>,
}

// With sessions beside the packets; the listener without an address gets one at run time, of either kind.
#[swoole::server(
    listen = "tcp://127.0.0.1:9501",
    listener(name = "dns", listen = "udp6://[::]:53", on_packet = dns_packet),
    listener(name = "log", listen = "unix-dgram:///run/log.sock", unix_mode = "660"),
    listener(name = "any", on_packet = dns_packet, on_receive = on_receive),
)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn on_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8]) -> Result<(), SendError> {
        *self.seen.entry(*from).or_default() += 1;
        worker.send_to(from, data)
    }

    fn dns_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, _data: &[u8]) -> std::io::Result<()> {
        let _ = (from.address(), from.path(), from.listener(), from.listener_name(), from.to_string());
        worker.join_group("dns", "ff02::fb".parse().expect("a group"), Interface::Index(1))?;
        worker.get_socket("dns").map(|_| ())
    }

    fn on_lost(&mut self, _worker: &Worker<Self>, lost: &Lost) {
        if lost.kind() == LostKind::Packet {
            let _ = lost.source().copied();
        }
    }
}

mod alone {
    #[derive(Default)]
    pub struct Alone;

    #[swoole::server(listen = "udp://127.0.0.1:9501")]
    impl Alone {
        fn on_packet(&mut self, _: &swoole::Worker<Self>, _: &swoole::PacketSource, _: &[u8]) {}
    }
}

mod at_run_time {
    use swoole::{PacketSource, Worker};

    #[derive(Default)]
    pub struct AtRunTime;

    #[swoole::server(listener(name = "dns", on_packet = dns_packet))]
    impl AtRunTime {
        fn on_connect(&mut self, _: &Worker<Self>, _: swoole::SessionId) {}
        fn on_receive(&mut self, _: &Worker<Self>, _: swoole::SessionId, _: &[u8]) {}
        fn on_close(&mut self, _: &Worker<Self>, _: swoole::SessionId, _: swoole::CloseReason) {}
        fn dns_packet(&mut self, _: &Worker<Self>, _: &PacketSource, _: &[u8]) {}
    }
}

fn main() {
    let _ = (Echo::start as fn() -> _, alone::Alone::start as fn() -> _, at_run_time::AtRunTime::start as fn() -> _);
}
