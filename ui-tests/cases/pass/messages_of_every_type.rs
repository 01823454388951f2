#![deny(warnings)]
use std::{borrow::Cow, collections::BTreeMap};
use swoole::{CloseReason, MessageError, SessionId, Worker, WorkerId};

/// What the workers of `Rooms` tell each other.
#[derive(serde::Serialize, serde::Deserialize)]
enum Event<'a> {
    Joined { room: u32, fd: SessionId },
    Said(&'a str, #[serde(borrow)] Cow<'a, str>),
    Quiet,
}

#[derive(Default)]
struct Rooms {
    joined: BTreeMap<u32, Vec<(WorkerId, SessionId)>>,
}

#[swoole::server]
impl Rooms {
    fn on_connect(&mut self, worker: &Worker<Self>, fd: SessionId) -> Result<(), MessageError> {
        worker.send_message(0, &Event::Joined { room: 1, fd })
    }
    fn on_receive(&mut self, worker: &Worker<Self>, _fd: SessionId, data: &[u8]) -> Result<(), MessageError> {
        let name = String::from("somebody");
        worker.send_message(0, &Event::Said(&name, String::from_utf8_lossy(data)))
    }
    fn on_close(&mut self, worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {
        let _ = worker.send_message(0, &Event::Quiet);
    }
    fn on_pipe_message(&mut self, worker: &Worker<Self>, from: WorkerId, message: Event<'_>) {
        match message {
            Event::Joined { room, fd } => self.joined.entry(room).or_default().push((from, fd)),
            Event::Said(name, what) => {
                for (_, fd) in self.joined.values().flatten() {
                    let _ = worker.send(*fd, format!("{name}: {what}").as_bytes());
                }
            }
            Event::Quiet => {}
        }
    }
}

/// A type of the server's own, and the state itself, sent by value.
mod counter {
    use swoole::{CloseReason, SessionId, Worker, WorkerId};

    pub trait Protocol {
        type Message;
    }

    #[derive(Default, serde::Serialize, serde::Deserialize)]
    pub struct Counter {
        count: u64,
    }

    impl Protocol for Counter {
        type Message = (Option<u64>, Counter);
    }

    #[swoole::server]
    impl Counter {
        fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) -> swoole::Result<()> {
            self.count += 1;
            Ok(worker.send_message(1, &(None, Self { count: self.count }))?)
        }
        fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
        fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
        fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, message: <Self as Protocol>::Message) {
            self.count = self.count.max(message.1.count);
        }
    }
}

/// A message of the type that the server has as its parameter.
#[derive(Default)]
struct Generic<T>(T);

#[swoole::server]
impl<T: Default + serde::Serialize + for<'a> serde::Deserialize<'a>> Generic<T> {
    fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) {
        let _ = worker.send_message(1, &T::default());
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, message: T) {
        self.0 = message;
    }
}

/// Nothing but that there is one; who sends it is a message as well.
#[derive(Default)]
struct Numbers;

#[swoole::server]
impl Numbers {
    fn on_connect(&mut self, worker: &Worker<Self>, _fd: SessionId) {
        let _ = worker.send_message(1, &worker.id());
    }
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}
    fn on_pipe_message(&mut self, _worker: &Worker<Self>, _from: WorkerId, _message: WorkerId) {}
}

fn main() {
    let _ = (Rooms::start as fn() -> _, counter::Counter::start as fn() -> _);
    let _ = (Generic::<Vec<u8>>::builder as fn() -> _, Numbers::builder as fn() -> _);
}
