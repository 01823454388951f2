#![deny(warnings)]
use swoole::{CloseReason, Frame, SessionId, Worker};

const HEADER: usize = 6;

#[derive(Default)]
struct Echo;

#[swoole::server(
    listen = "tcp://127.0.0.1:9501",
    frame = length(i16_le, offset = HEADER - 2, body = HEADER),
    package_max_length = mib(1),
    listener(name = "split", frame = eof_split(b"\0")),
    listener(name = "check", frame = eof_check("\r\n"), package_max_length = kib(4)),
    listener(name = "own", frame = first_byte),
    listener(name = "free", frame = frames::everything),
    listener(name = "closure", frame = |bytes| Frame::Package(bytes.len())),
    listener(name = "short", frame = length(u8)),
    listener(name = "header-too", frame = length(u16_be, offset = 0, body = 0)),
    listener(name = "field-too", frame = length(u32_le, offset = 2, body = 2)),
    listener(name = "as-main"),
)]
impl Echo {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}
    fn on_receive(&mut self, _worker: &Worker<Self>, _fd: SessionId, _data: &[u8]) {}
    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    fn first_byte(bytes: &[u8]) -> Frame {
        bytes.first().map_or(Frame::Incomplete, |length| Frame::Package(1 + usize::from(*length)))
    }
}

mod frames {
    pub(crate) fn everything(bytes: &[u8]) -> swoole::Frame {
        swoole::Frame::Package(bytes.len())
    }
}

fn main() {
    assert_eq!(Echo::first_byte(&[7]), Frame::Package(8));
    assert_eq!(frames::everything(b"abc"), Frame::Package(3));
    let _ = (Echo::start as fn() -> _, Echo::builder as fn() -> _);
}
