//! A server of sessions and packets: it echoes what comes, and does what it is told.

use std::{net::IpAddr, thread, time::Duration};
use swoole::{CloseReason, Interface, Lost, Manager, PacketSource, SessionId, Worker, WorkerExit, WorkerStart};
use system_tests::{journal, script};

struct Packets;

#[swoole::server(
    mode = "process",
    workers = 2,
    listener(name = "udp", listen = "udp://127.0.0.1:0"),
    listener(name = "udp6", listen = "udp6://[::1]:0"),
    listener(name = "local", on_packet = local_packet),
    listener(name = "abstract", listen = "unix-dgram://@system-test"),
    listener(name = "group", listen = "udp://0.0.0.0:0"),
    listener(name = "tcp6", listen = "tcp6://[::1]:0"),
    listener(name = "stream", listen = "tcp://127.0.0.1:0"),
)]
impl Packets {
    fn on_manager_start(manager: &Manager) {
        journal::write(&format!("on_manager_start pid={}", manager.pid()));
    }

    fn on_worker_start(worker: &WorkerStart) -> Result<Self, &'static str> {
        script::start(worker).map(|()| Self)
    }

    fn on_worker_error(_manager: &Manager, exit: &WorkerExit) {
        script::worker_error(exit, "");
    }

    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> Result<(), String> {
        script::receive(worker, fd, data)
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn on_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8]) -> Result<(), String> {
        answer("main", worker, from, data)
    }

    fn local_packet(&mut self, worker: &Worker<Self>, from: &PacketSource, data: &[u8]) -> Result<(), String> {
        answer("local", worker, from, data)
    }

    fn on_lost(&mut self, worker: &Worker<Self>, lost: &Lost) -> Result<(), swoole::SendError> {
        let text = String::from_utf8_lossy(lost.data());
        let Some(from) = lost.source() else { return Ok(()) };
        journal::write(&format!("on_lost kind={:?} from={from} data={}", lost.kind(), text.replace(' ', "_")));
        if text.contains("again") {
            script::die();
        }
        worker.send_to(from, format!("lost {text}").as_bytes())
    }
}

fn answer(by: &str, worker: &Worker<Packets>, from: &PacketSource, data: &[u8]) -> Result<(), String> {
    // Answers are short, so that what is to be found by them is.
    let text = String::from_utf8_lossy(&data[..data.len().min(64)]);
    let group: Option<IpAddr> = text.split_whitespace().nth(1).and_then(|group| group.parse().ok());
    let said = match (text.split_whitespace().next().unwrap_or_default(), group) {
        ("who?", _) => {
            let stats = worker.stats();
            format!(
                "said by={by} worker={} generation={} listener={} name={} from={from} path={} received={} lost={}",
                worker.id(),
                worker.generation(),
                from.listener(),
                from.listener_name(),
                from.path().is_some(),
                stats.packet_count,
                stats.packet_lost_count,
            )
        }
        // Not answered: there are many.
        ("slow", _) => {
            thread::sleep(Duration::from_micros(300));
            return Ok(());
        }
        ("nap", _) => {
            journal::write(&format!("napping worker={}", worker.id()));
            script::nap();
            "awake".to_owned()
        }
        ("die", _) => script::die(),
        ("shutdown", _) => {
            worker.shutdown();
            "ending".to_owned()
        }
        ("join", Some(group)) => format!("{:?}", worker.join_group("group", group, Interface::Name("lo")).map_err(|e| e.kind())),
        ("leave", Some(group)) => format!("{:?}", worker.leave_group("group", group, Interface::Name("lo")).map_err(|e| e.kind())),
        ("large", _) => format!("{:?}", worker.send_to(from, &[7; 70_000])),
        ("socket", _) => format!("{:?} {:?}", worker.get_socket("udp").is_ok(), worker.get_socket("main").map_err(|e| e.kind()).err()),
        _ => return worker.send_to(from, data).map_err(|e| e.to_string()),
    };
    worker.send_to(from, said.as_bytes()).map_err(|e| e.to_string())
}

fn main() -> swoole::Result<()> {
    Packets::start()
}
