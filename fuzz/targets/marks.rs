//! `frame = eof_split(…)` against a search for one mark after the other, and `eof_check` by what it promises.

#![no_main]

#[allow(dead_code, unused_imports, reason = "the runtime uses all of it")]
#[path = "../../swoole-runtime/src/frame/mod.rs"]
mod frame;
mod stream;

use frame::{Framing, Violation};
use libfuzzer_sys::fuzz_target;
use std::{collections::BTreeSet, sync::Mutex};
use stream::{Came, Input, cut, splits};

/// Of few kinds, so that marks come up and overlap.
const KINDS: &[u8; 4] = b"\r\nab";

/// The marks are part of the program in a server.
static MARKS: Mutex<BTreeSet<&'static [u8]>> = Mutex::new(BTreeSet::new());

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let mark: Vec<u8> = (0..1 + input.byte() % 5).map(|_| KINDS[input.byte() % 4]).collect();
    let mark = kept(&mark);
    let most = mark.len() + input.byte();
    let splits = splits(&mut input);
    let stream = input.rest();
    let expected = expected(mark, stream, most);
    for split in splits {
        assert_eq!(cut(&Framing::EofSplit(mark), stream, most, &split), expected, "{mark:?} {most} {split:?}");
        let came = cut(&Framing::EofCheck(mark), stream, most, &split);
        let mut rest = stream;
        for length in &came.packages {
            assert!(rest[..*length].ends_with(mark), "{mark:?} {most} {split:?}");
            rest = &rest[*length..];
        }
        let window = &rest[..rest.len().min(most)];
        assert!(!window.windows(mark.len()).any(|bytes| bytes == mark), "what has come in whole is delivered: {mark:?} {most} {split:?}");
        let violation = (rest.len() >= most).then_some(Violation::TooLong);
        assert_eq!(came.violation, violation, "{mark:?} {most} {split:?}");
    }
});

fn kept(mark: &[u8]) -> &'static [u8] {
    let mut marks = MARKS.lock().expect("nobody panics with it");
    if !marks.contains(mark) {
        marks.insert(mark.to_vec().leak());
    }
    marks.get(mark).copied().expect("it was put there")
}

fn expected(mark: &[u8], stream: &[u8], most: usize) -> Came {
    let mut came = Came { packages: Vec::new(), violation: None };
    loop {
        let rest = &stream[came.length()..];
        let window = &rest[..rest.len().min(most)];
        match window.windows(mark.len()).position(|bytes| bytes == mark) {
            Some(at) => came.packages.push(at + mark.len()),
            None => {
                came.violation = (rest.len() >= most).then_some(Violation::TooLong);
                return came;
            }
        }
    }
}
