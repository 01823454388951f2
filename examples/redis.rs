//! What it shows: a protocol of others, RESP, by a frame function that finds the end of one command: enough of it for `redis-cli`, and for
//! `redis-benchmark -t ping,set,get`. One worker, so one map of all keys, and no locks.
//!
//! Run it:      cargo run --release --example redis
//! Type:        nc -C 127.0.0.1 6379      and then, line by line, what stands behind `>`; `\r` is what `-C` adds
//! You see:     what stands behind `<`
//!
//! ```text
//! a> PING\r
//! a< +PONG
//! a> *2\r
//! a> $4\r
//! a> PING\r
//! a> $5\r
//! a> hello\r
//! a< $5
//! a< hello
//! a> SET greeting hello\r
//! a< +OK
//! b> get greeting\r
//! b< $5
//! b< hello
//! b> *3\r
//! b> $3\r
//! b> SET\r
//! b> $5\r
//! b> lines\r
//! b> $10\r
//! b> one\r
//! b> , two\r
//! b< +OK
//! a> GET lines\r
//! a< $10
//! a< one
//! a< , two
//! a> EXISTS greeting lines nothing greeting\r
//! a< :3
//! a> INCR visits\r
//! a< :1
//! b> INCR visits\r
//! b< :2
//! b> INCR greeting\r
//! b< -ERR value is not an integer or out of range
//! b> DEL greeting nothing\r
//! b< :1
//! b> GET greeting\r
//! b< $-1
//! b> GET\r
//! b< -ERR wrong number of arguments for 'get' command
//! b> FLY me away\r
//! b< -ERR unknown command 'FLY', with args beginning with: 'me' 'away'
//! b> SET a b FOR EVER\r
//! b< -ERR syntax error
//! a> CONFIG GET appendonly\r
//! a< *2
//! a< $10
//! a< appendonly
//! a< $2
//! a< no
//! a> COMMAND\r
//! a< *0
//! a> QUIT\r
//! a< +OK
//! a closed
//! b> *1\r
//! b> PING\r
//! b closed
//! ```

use std::{collections::HashMap, io::Write};
use swoole::{CloseReason, Frame, SessionId, Worker};

/// The most that one word of a command may have, and the most words.
const LARGEST: usize = 1 << 20;
const MOST_WORDS: usize = 1 << 16;

/// The most that a line may have: a header, or a command in words.
const LONGEST_LINE: usize = 64 << 10;

#[derive(Default)]
struct Redis {
    keys: HashMap<Vec<u8>, Vec<u8>>,
    /// Where an answer is written, before it is sent.
    answer: Vec<u8>,
}

#[swoole::server(mode = "process", workers = 1, listen = "tcp://127.0.0.1:6379", frame = command)]
impl Redis {
    fn on_connect(&mut self, _worker: &Worker<Self>, _fd: SessionId) {}

    fn on_receive(&mut self, worker: &Worker<Self>, fd: SessionId, data: &[u8]) -> swoole::Result<()> {
        let words = words(data);
        self.answer.clear();
        let Some(name) = words.first() else { return Ok(()) };
        let goes_on = self.obey(&name.to_ascii_uppercase(), &words);
        worker.send(fd, &self.answer)?;
        if !goes_on {
            worker.close(fd)?;
        }
        Ok(())
    }

    fn on_close(&mut self, _worker: &Worker<Self>, _fd: SessionId, _reason: CloseReason) {}

    /// Answers one command; `false` when it is the last.
    fn obey(&mut self, name: &[u8], words: &[&[u8]]) -> bool {
        let Self { keys, answer } = self;
        match (name, &words[1..]) {
            (b"PING", []) => say(answer, "+PONG"),
            (b"PING", [text]) => bulk(answer, text),
            (b"SET", [key, value]) => {
                keys.insert(key.to_vec(), value.to_vec());
                say(answer, "+OK");
            }
            (b"SET", [_, _, _, ..]) => say(answer, "-ERR syntax error"),
            (b"GET", [key]) => match keys.get(*key) {
                Some(value) => bulk(answer, value),
                None => say(answer, "$-1"),
            },
            (b"DEL", all @ [_, ..]) => number(answer, all.iter().filter(|key| keys.remove(**key).is_some()).count() as i64),
            (b"EXISTS", all @ [_, ..]) => number(answer, all.iter().filter(|key| keys.contains_key(**key)).count() as i64),
            (b"INCR", [key]) => match keys.get(*key).map_or(Some(0), |value| read_number(value)).map(|value| value.checked_add(1)) {
                Some(Some(value)) => {
                    keys.insert(key.to_vec(), value.to_string().into_bytes());
                    number(answer, value);
                }
                Some(None) => say(answer, "-ERR increment or decrement would overflow"),
                None => say(answer, "-ERR value is not an integer or out of range"),
            },
            // What clients ask before they begin: nothing is told.
            (b"COMMAND", _) => say(answer, "*0"),
            (b"CONFIG", [get, name]) if get.eq_ignore_ascii_case(b"GET") => match name.to_ascii_lowercase().as_slice() {
                b"save" => list(answer, &[b"save", b""]),
                b"appendonly" => list(answer, &[b"appendonly", b"no"]),
                _ => say(answer, "*0"),
            },
            (b"QUIT", _) => {
                say(answer, "+OK");
                return false;
            }
            (b"PING" | b"SET" | b"GET" | b"DEL" | b"EXISTS" | b"INCR" | b"CONFIG", _) => {
                let name = String::from_utf8_lossy(name).to_lowercase();
                say(answer, &format!("-ERR wrong number of arguments for '{name}' command"));
            }
            (_, arguments) => {
                // An error is one line, whatever the client wrote.
                let shown = |word: &[u8]| String::from_utf8_lossy(&word[..word.len().min(128)]).replace(['\r', '\n'], " ");
                let arguments: String = arguments.iter().take(20).map(|word| format!("'{}' ", shown(word))).collect();
                say(answer, &format!("-ERR unknown command '{}', with args beginning with: {arguments}", shown(words[0])));
            }
        }
        true
    }

    /// Where one command ends: an array of words, each with its length in front, or a line of words.
    fn command(bytes: &[u8]) -> Frame {
        let Some((first, mut at)) = line(bytes, 0) else { return unfinished(bytes.len()) };
        let Some(count) = first.strip_prefix(b"*") else { return Frame::Package(at) };
        let Some(count) = read_number(count).filter(|&count| count <= MOST_WORDS as i64) else { return Frame::Violation };
        for n in 1..=count {
            let Some((header, start)) = line(bytes, at) else { return unfinished(bytes.len() - at) };
            let length = header.strip_prefix(b"$").and_then(read_number).and_then(|length| usize::try_from(length).ok());
            let Some(length) = length.filter(|&length| length <= LARGEST) else { return Frame::Violation };
            at = start + length + 2;
            if at > bytes.len() {
                // Of the last word it is known where it ends, though it is not all there: the question is not asked again before it is.
                return if n == count { Frame::Package(at) } else { Frame::Incomplete };
            }
        }
        Frame::Package(at)
    }
}

/// The line that begins at `at`, without its end, and where the next one begins.
fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let end = at + bytes[at..].iter().take(LONGEST_LINE).position(|&byte| byte == b'\n')?;
    let text = &bytes[at..end];
    Some((text.strip_suffix(b"\r").unwrap_or(text), end + 1))
}

/// A line that has so many bytes, and no end yet.
fn unfinished(length: usize) -> Frame {
    if length < LONGEST_LINE { Frame::Incomplete } else { Frame::Violation }
}

/// The words of one whole command.
fn words(command: &[u8]) -> Vec<&[u8]> {
    let Some((first, mut at)) = line(command, 0) else { return Vec::new() };
    let Some(count) = first.strip_prefix(b"*") else {
        return first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    };
    let mut words = Vec::new();
    for _ in 0..read_number(count).unwrap_or(0) {
        let Some((header, start)) = line(command, at) else { break };
        let length = header.get(1..).and_then(read_number).unwrap_or(0) as usize;
        words.extend(command.get(start..start + length));
        at = start + length + 2;
    }
    words
}

fn read_number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn say(answer: &mut Vec<u8>, text: &str) {
    answer.extend_from_slice(text.as_bytes());
    answer.extend_from_slice(b"\r\n");
}

fn number(answer: &mut Vec<u8>, number: i64) {
    // A vector takes all that is written.
    let _ = write!(answer, ":{number}\r\n");
}

fn bulk(answer: &mut Vec<u8>, bytes: &[u8]) {
    let _ = write!(answer, "${}\r\n", bytes.len());
    answer.extend_from_slice(bytes);
    answer.extend_from_slice(b"\r\n");
}

fn list(answer: &mut Vec<u8>, all: &[&[u8]]) {
    let _ = write!(answer, "*{}\r\n", all.len());
    all.iter().for_each(|bytes| bulk(answer, bytes));
}

fn main() -> swoole::Result<()> {
    Redis::start()
}
