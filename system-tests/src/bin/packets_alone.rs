//! A server without sessions, which says and does less than `packets`.

use swoole::{PacketSource, Worker};

#[derive(Default)]
struct Alone;

#[swoole::server(mode = "process", workers = 1, listen = "udp://127.0.0.1:0")]
impl Alone {
    fn on_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8]) -> swoole::Result<()> {
        match data {
            b"shutdown" => worker.shutdown(),
            b"die" => std::process::abort(),
            _ => worker.send_to(from, data)?,
        }
        Ok(())
    }
}

fn main() -> swoole::Result<()> {
    Alone::start()
}
