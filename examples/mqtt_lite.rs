//! What it shows: a binary protocol of others, whose packets have a length of one to four bytes in front: MQTT 3.1.1, so much of it that
//! `mosquitto_sub` and `mosquitto_pub` speak with it. Quality of service 0, nothing is retained. One worker, so one table of who has subscribed.
//!
//! Run it:      cargo run --release --example mqtt_lite
//! Type:        mosquitto_sub -t 'home/+/temperature' -v      in one terminal, and in another
//!              mosquitto_pub -t home/kitchen/temperature -m 21
//! You see:     home/kitchen/temperature 21
//!
//! The same byte by byte: what stands behind `>>` is sent, and what stands behind `<<` comes. `a` subscribes to `t/+` and to `#`, and gets what `b`
//! publishes under `t/x` once. Then it takes `#` back, and only what is under `t` comes; a ping is answered. Who speaks before CONNECT is sent
//! away, as is who asks for a later version.
//!
//! ```text
//! a>> 10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 61
//! a<< 20 02 00 00
//! a>> 82 0c 00 07 00 03 74 2f 2b 00 00 01 23 01
//! a<< 90 04 00 07 00 00
//! b>> 10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 62
//! b<< 20 02 00 00
//! b>> 30 07 00 03 74 2f 78 68 69
//! a<< 30 07 00 03 74 2f 78 68 69
//! b>> 31 05 00 01 75 68 69
//! a<< 30 05 00 01 75 68 69
//! a>> a2 05 00 08 00 01 23
//! a<< b0 02 00 08
//! b>> 30 05 00 01 75 68 69 30 06 00 03 74 2f 79 21
//! a<< 30 06 00 03 74 2f 79 21
//! a>> c0 00
//! a<< d0 00
//! b>> e0 00
//! b closed
//! c>> 30 05 00 01 75 68 69
//! c closed
//! d>> 10 0d 00 04 4d 51 54 54 05 02 00 3c 00 01 64
//! d<< 20 02 00 01
//! d closed
//! e>> 10 ff ff ff ff
//! e closed
//! ```

use std::collections::HashMap;
use swoole::{CloseReason, Frame, SessionId, Worker};

/// The first four bits of a packet.
mod kind {
    pub(crate) const CONNECT: u8 = 1;
    pub(crate) const PUBLISH: u8 = 3;
    pub(crate) const SUBSCRIBE: u8 = 8;
    pub(crate) const UNSUBSCRIBE: u8 = 10;
    pub(crate) const PINGREQ: u8 = 12;
}

const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBACK: u8 = 0x90;
const UNSUBACK: u8 = 0xb0;
const PINGRESP: u8 = 0xd0;

/// What begins a CONNECT of version 3.1.1: the name, and behind it the number of the version.
const NAME: &[u8] = b"MQTT";
const VERSION: u8 = 4;

#[derive(Default)]
struct Broker {
    /// What each client that has said CONNECT has subscribed to.
    filters: HashMap<SessionId, Vec<Vec<u8>>>,
}

#[swoole::server(mode = "process", workers = 1, listen = "tcp://127.0.0.1:1883", frame = packet, package_max_length = kib(256))]
impl Broker {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) {
        // DISCONNECT, and what is not understood: the protocol has no other answer to either. Many a client has left by itself already.
        if self.obey(worker, fd, data).is_none() {
            let _ = worker.close(fd);
        }
    }

    fn on_close(&mut self, _worker: &Worker<Self>, fd: SessionId, _reason: CloseReason) {
        self.filters.remove(&fd);
    }

    /// Does what one packet says; `None` when the client is to be sent away.
    fn obey(&mut self, worker: &Worker<Self>, fd: SessionId, packet: &[u8]) -> Option<()> {
        let (first, mut body) = (*packet.first()?, packet.get(1 + length(packet)?.1..)?);
        // A client that leaves meanwhile, or reads too slowly, misses what is sent to it: that is quality of service 0.
        let answer = |bytes: &[u8]| worker.send(fd, bytes).ok();
        if first >> 4 == kind::CONNECT {
            let known = text(&mut body)? == NAME && *body.first()? == VERSION;
            answer(&[CONNACK, 2, 0, u8::from(!known)])?;
            return (known && self.filters.insert(fd, Vec::new()).is_none()).then_some(());
        }
        let own = self.filters.get_mut(&fd)?;
        match (first >> 4, first & 0x0f) {
            // Of the flags, the last says that it is to be retained, which nobody does here.
            (kind::PUBLISH, 0 | 1) => {
                let topic = text(&mut body)?;
                let copy = [&[PUBLISH], &packet[1..]].concat();
                for (to, _) in self.filters.iter().filter(|(_, filters)| filters.iter().any(|filter| matches(filter, topic))) {
                    let _ = worker.send(*to, &copy);
                }
                Some(())
            }
            (kind::SUBSCRIBE, 2) => {
                let number = body.split_off(..2)?;
                let mut granted = Vec::new();
                while !body.is_empty() {
                    own.push(text(&mut body)?.to_vec());
                    // Whatever quality was asked for, it is 0.
                    body.split_off_first()?;
                    granted.push(0);
                }
                answer(&[&head(SUBACK, 2 + granted.len()), number, &granted].concat())
            }
            (kind::UNSUBSCRIBE, 2) => {
                let number = body.split_off(..2)?;
                while !body.is_empty() {
                    let gone = text(&mut body)?;
                    own.retain(|filter| filter != gone);
                }
                answer(&[&head(UNSUBACK, 2), number].concat())
            }
            (kind::PINGREQ, 0) => answer(&[PINGRESP, 0]),
            _ => None,
        }
    }

    /// Where one packet ends: a byte, the length of the rest in one to four bytes, the rest.
    fn packet(bytes: &[u8]) -> Frame {
        match length(bytes) {
            Some((rest, own)) => Frame::Package(1 + own + rest),
            None if bytes.len() > 4 => Frame::Violation,
            None => Frame::Incomplete,
        }
    }
}

/// The length of a packet behind its first bytes, and in how many bytes it is written: seven bits in each, the lowest first, and the eighth says
/// that one more follows.
fn length(packet: &[u8]) -> Option<(usize, usize)> {
    let bytes = packet.get(1..)?;
    let last = bytes.iter().take(4).position(|byte| byte & 0x80 == 0)?;
    let length = bytes[..=last].iter().rev().fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f));
    Some((length, last + 1))
}

/// The first bytes of a packet with so much behind them.
fn head(first: u8, mut length: usize) -> Vec<u8> {
    let mut head = vec![first];
    while length > 0x7f {
        head.push(length as u8 | 0x80);
        length >>= 7;
    }
    head.push(length as u8);
    head
}

/// Takes a text off the front: two bytes with its length, and so many bytes.
fn text<'a>(body: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = body.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
    *body = rest;
    Some(text)
}

/// Whether a topic is one of those that a filter names: `+` is any one level, `#` at its end all that follow.
fn matches(filter: &[u8], topic: &[u8]) -> bool {
    let (mut filter, mut topic) = (filter.split(|&byte| byte == b'/'), topic.split(|&byte| byte == b'/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some(b"#"), _) | (None, None) => return true,
            (Some(b"+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
}

fn main() -> swoole::Result<()> {
    Broker::start()
}
