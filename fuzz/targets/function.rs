//! `frame = …` with a function of the server's own, which says what functions say by mistake, too, and panics.

#![no_main]

#[allow(dead_code, unused_imports, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/frame/mod.rs"]
mod frame;
mod stream;

use frame::{Frame, Framing, Violation};
use libfuzzer_sys::fuzz_target;
use std::{
    panic,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering},
    },
};
use stream::{Came, Input, cut, splits};

/// How many bytes the function looks at, and what it adds to what they say.
static HEADER: AtomicUsize = AtomicUsize::new(1);
static ADDED: AtomicUsize = AtomicUsize::new(0);
static QUIET: Once = Once::new();

const NONE: u8 = b'v';
const PANIC: u8 = b'p';
const ENDLESS: u8 = b'e';
const WORDS: &str = "the function was asked to";

fuzz_target!(|data: &[u8]| {
    // A panic ends the fuzzer, but not this one.
    QUIET.call_once(|| {
        let said = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some(WORDS) {
                said(info);
            }
        }));
    });
    let mut input = Input::new(data);
    let header = 1 + input.byte() % 6;
    HEADER.store(header, Ordering::Relaxed);
    ADDED.store(input.byte() % 8, Ordering::Relaxed);
    let most = header + input.byte();
    let splits = splits(&mut input);
    let stream = input.rest();
    let expected = expected(stream, most);
    for split in splits {
        assert_eq!(cut(&Framing::Function(own), stream, most, &split), expected, "{header} {most} {split:?}");
    }
});

/// The sum of the header's bytes and so many more; it may be less than the header has.
fn own(bytes: &[u8]) -> Frame {
    match bytes.get(..HEADER.load(Ordering::Relaxed)) {
        None => Frame::Incomplete,
        Some([NONE, ..]) => Frame::Violation,
        Some([ENDLESS, ..]) => Frame::Package(usize::MAX),
        Some([PANIC, ..]) => panic!("{WORDS}"),
        Some(header) => Frame::Package(header.iter().map(|&byte| usize::from(byte)).sum::<usize>() + ADDED.load(Ordering::Relaxed)),
    }
}

fn expected(stream: &[u8], most: usize) -> Came {
    let mut came = Came { packages: Vec::new(), violation: None };
    loop {
        let rest = &stream[came.length()..];
        let first = rest.first().filter(|_| rest.len() >= HEADER.load(Ordering::Relaxed));
        let says = if first == Some(&PANIC) { Frame::Violation } else { own(rest) };
        came.violation = match says {
            _ if rest.is_empty() => None,
            Frame::Violation if first == Some(&PANIC) => Some(Violation::Panic),
            Frame::Violation | Frame::Package(0) => Some(Violation::Function),
            Frame::Package(length) => (length > most).then_some(Violation::TooLong),
            Frame::Incomplete => (rest.len() >= most).then_some(Violation::TooLong),
        };
        match says {
            Frame::Package(length) if came.violation.is_none() && length <= rest.len() && !rest.is_empty() => came.packages.push(length),
            _ => return came,
        }
    }
}
