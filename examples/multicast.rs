//! What it shows: a multicast group. Who wants to know where a service is asks the group, and knows of no server: each one that has the
//! service answers, straight to who asked, and the others keep silent. The group is joined on one interface, by name or by address, and
//! left and joined again while the server runs.
//!
//! Run it:      SERVICES=printer=192.168.7.20:631,nas=192.168.7.30:445 INTERFACE=lo cargo run --release --example multicast
//! Type:        what stands behind `$`; first of all ask='socat -t1 - UDP4-DATAGRAM:239.255.77.1:9557,ip-multicast-if=127.0.0.1'
//! You see:     what stands below it
//!
//! ```text
//! $ echo where is printer | $ask
//! printer 192.168.7.20:631
//! $ echo what is there | $ask
//! nas 192.168.7.30:445
//! printer 192.168.7.20:631
//! $ echo where is coffee | $ask
//! $ echo leave lo | socat -t1 - UNIX-CONNECT:/tmp/swoole-multicast.sock
//! left 239.255.77.1
//! $ echo where is printer | $ask
//! $ echo join 127.0.0.1 | socat -t1 - UNIX-CONNECT:/tmp/swoole-multicast.sock
//! joined 239.255.77.1
//! $ echo where is nas | $ask
//! nas 192.168.7.30:445
//! ```

use std::{
    collections::BTreeMap,
    env, io,
    net::{IpAddr, Ipv4Addr},
};
use swoole::{CloseReason, Interface, PacketSource, SendError, SessionId, Worker, WorkerStart};

/// Of those that stay within a site.
const GROUP: IpAddr = IpAddr::V4(Ipv4Addr::new(239, 255, 77, 1));

struct Multicast {
    services: BTreeMap<String, String>,
}

#[swoole::server(
    mode = "process",
    workers = 2,
    // A socket with an address of its own would not get what is sent to the group.
    listen = "udp://0.0.0.0:9557",
    listener(name = "admin", listen = "unix:///tmp/swoole-multicast.sock", unix_mode = "600", frame = eof_split("\n"))
)]
impl Multicast {
    fn on_worker_start(worker: &WorkerStart) -> io::Result<Self> {
        // The socket is the server's: a worker that comes later finds it as it is, joined or left.
        if worker.generation() == 1 {
            worker.join_group("main", GROUP, interface(&env::var("INTERFACE").unwrap_or_default()))?;
        }
        let services = env::var("SERVICES").unwrap_or_default();
        let services = services.split(',').filter_map(|service| service.split_once('='));
        Ok(Self { services: services.map(|(name, place)| (name.to_owned(), place.to_owned())).collect() })
    }

    fn on_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8]) -> Result<(), SendError> {
        let question = String::from_utf8_lossy(data);
        let asks_for = |name: &str| match question.trim().strip_prefix("where is ") {
            Some(wanted) => wanted == name,
            None => question.trim() == "what is there",
        };
        let known = self.services.iter().filter(|(name, _)| asks_for(name));
        let answer: String = known.map(|(name, place)| format!("{name} {place}\n")).collect();
        // Others may have it.
        if answer.is_empty() { Ok(()) } else { worker.send_to(from, answer.as_bytes()) }
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    /// Of `admin`, the only listener with sessions.
    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let command = String::from_utf8_lossy(data);
        let (done, what) = match command.trim().split_once(' ') {
            Some(("join", on)) => (worker.join_group("main", GROUP, interface(on)), "joined"),
            Some(("leave", on)) => (worker.leave_group("main", GROUP, interface(on)), "left"),
            _ => (Err(io::Error::other("there are `join INTERFACE` and `leave INTERFACE`")), ""),
        };
        let answer = done.map_or_else(|e| format!("error: {e}\n"), |()| format!("{what} {GROUP}\n"));
        worker.send(fd, answer.as_bytes())?;
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
}

/// By its address or by its name; without either the one that the routes of this machine name.
fn interface(word: &str) -> Interface<'_> {
    match word.parse() {
        Ok(address) => Interface::Address(address),
        Err(_) if word.is_empty() => Interface::Any,
        Err(_) => Interface::Name(word),
    }
}

fn main() -> swoole::Result<()> {
    Multicast::start()
}
