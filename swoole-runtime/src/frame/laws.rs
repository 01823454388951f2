//! What holds of every frame, whatever comes in and however it is split into reads.

use super::{ByteOrder, Cut, Frame, Framing, LengthField, Progress, Violation};

/// Draws that are the same in every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

const MOST: usize = 64;

fn field(width: usize, order: ByteOrder, offset: usize, body: usize) -> Framing {
    Framing::Length(LengthField { width, is_signed: false, order, offset, body })
}

/// A digit, and so many bytes.
fn digit(bytes: &[u8]) -> Frame {
    match bytes.first() {
        None => Frame::Incomplete,
        Some(digit @ b'0'..=b'9') => Frame::Package(1 + usize::from(digit - b'0')),
        Some(b'!') => panic!("the digit is none"),
        Some(_) => Frame::Violation,
    }
}

/// All packages of a stream that comes in such reads, and how it ended.
fn packages(framing: &Framing, reads: impl Iterator<Item = Vec<u8>>) -> (Vec<Vec<u8>>, Option<Violation>, usize) {
    let (mut rest, mut progress, mut cut) = (Vec::new(), Progress::default(), Vec::new());
    for read in reads {
        rest.extend(read);
        loop {
            match framing.cut(&rest, &mut progress, MOST) {
                Cut::Package(length) => cut.push(rest.drain(..length).collect()),
                Cut::Incomplete => break,
                Cut::Violation(why) => return (cut, Some(why), 0),
            }
        }
        assert!(rest.len() < MOST, "an incomplete package is bounded");
    }
    (cut, None, rest.len())
}

fn split(stream: &[u8], draws: &mut Draws, largest: usize) -> Vec<Vec<u8>> {
    let (mut reads, mut at) = (Vec::new(), 0);
    while at < stream.len() {
        let length = (1 + draws.below(largest)).min(stream.len() - at);
        reads.push(stream[at..at + length].to_vec());
        at += length;
    }
    reads
}

fn all() -> Vec<Framing> {
    vec![
        Framing::EofSplit(b"\r\n"),
        Framing::EofSplit(b"\n"),
        Framing::EofSplit(b"abab"),
        field(1, ByteOrder::Big, 0, 1),
        field(2, ByteOrder::Big, 1, 3),
        field(2, ByteOrder::Little, 0, 0),
        field(4, ByteOrder::Little, 2, 8),
        field(8, ByteOrder::Big, 0, 8),
        Framing::Function(digit),
    ]
}

#[test]
fn any_split_of_a_stream_gives_the_same_packages() {
    let mut draws = Draws(1);
    for framing in all() {
        for round in 0..400 {
            // Of few kinds of bytes, so that marks, lengths and nonsense all come up.
            let kinds = [b"\r\nab".as_slice(), b"\x00\x01\x05\x20", b"0123a", b"\x00\x00\x00\x00\x00\x03"][round % 4];
            let stream: Vec<u8> = (0..draws.below(300)).map(|_| kinds[draws.below(kinds.len())]).collect();
            let whole = packages(&framing, core::iter::once(stream.clone()).filter(|stream| !stream.is_empty()));
            for largest in [1, 2, 7, 40] {
                let reads = split(&stream, &mut draws, largest);
                assert_eq!(packages(&framing, reads.into_iter()), whole, "{framing:?} of {stream:?}");
            }
            let cut: Vec<u8> = whole.0.concat();
            assert!(stream.starts_with(&cut), "nothing is lost or moved");
        }
    }
}

#[test]
fn what_eof_check_delivers_ends_with_the_mark_and_nothing_is_lost() {
    let (mut draws, framing) = (Draws(2), Framing::EofCheck(b"\r\n"));
    for _ in 0..2000 {
        let stream: Vec<u8> = (0..draws.below(300)).map(|_| b"\r\n\na"[draws.below(4)]).collect();
        let largest = 1 + draws.below(30);
        let (cut, violation, rest) = packages(&framing, split(&stream, &mut draws, largest).into_iter());
        assert!(cut.iter().all(|package| package.ends_with(b"\r\n") && package.len() <= MOST));
        assert!(violation.is_some() || cut.concat() == stream[..stream.len() - rest]);
        assert!(violation.is_none() || stream.windows(2).filter(|two| two == b"\r\n").count() < stream.len() / 2);
    }
}

#[test]
fn a_package_is_never_longer_than_it_may_be() {
    let cut = |framing: &Framing, bytes: &[u8]| framing.cut(bytes, &mut Progress::default(), MOST);
    let line = |length: usize| [vec![b'x'; length - 1], vec![b'\n']].concat();
    let split = Framing::EofSplit(b"\n");
    assert_eq!(cut(&split, &line(MOST)), Cut::Package(MOST));
    assert_eq!(cut(&split, &line(MOST + 1)), Cut::Violation(Violation::TooLong));
    assert_eq!(cut(&split, &line(MOST)[..MOST - 1]), Cut::Incomplete);
    let field = field(1, ByteOrder::Big, 0, 1);
    assert_eq!(cut(&field, &[63]), Cut::Incomplete);
    assert_eq!(cut(&field, &[64]), Cut::Violation(Violation::TooLong));
    assert_eq!(cut(&Framing::Function(|_| Frame::Package(usize::MAX)), b"a"), Cut::Violation(Violation::TooLong));
    assert_eq!(cut(&Framing::Function(|_| Frame::Package(0)), b"a"), Cut::Violation(Violation::Function));
    assert_eq!(cut(&Framing::Function(|_| Frame::Incomplete), &[0; MOST]), Cut::Violation(Violation::TooLong));
}

#[test]
fn lengths_that_are_none_are_violations() {
    let cut = |field: LengthField, bytes: &[u8]| Framing::Length(field).cut(bytes, &mut Progress::default(), MOST);
    let field = LengthField { width: 4, is_signed: true, order: ByteOrder::Big, offset: 0, body: 4 };
    assert_eq!(cut(field, b"\xff\xff\xff\xff"), Cut::Violation(Violation::Length), "-1");
    assert_eq!(cut(LengthField { is_signed: false, ..field }, b"\xff\xff\xff\xff"), Cut::Violation(Violation::TooLong));
    assert_eq!(cut(LengthField { body: 0, ..field }, b"\0\0\0\x03"), Cut::Violation(Violation::Length), "shorter than its own field");
    assert_eq!(cut(LengthField { body: 0, ..field }, b"\0\0\0\x04"), Cut::Package(4));
    let eight = LengthField { width: 8, is_signed: false, order: ByteOrder::Little, offset: 0, body: 8 };
    assert_eq!(cut(eight, &[0xff; 8]), Cut::Violation(Violation::TooLong));
    assert_eq!(cut(LengthField { is_signed: true, ..eight }, &[0xff; 8]), Cut::Violation(Violation::Length));
}

#[test]
fn a_function_that_panics_violates() {
    let said = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let cut = Framing::Function(digit).cut(b"!", &mut Progress::default(), MOST);
    std::panic::set_hook(said);
    assert_eq!(cut, Cut::Violation(Violation::Panic));
}

#[test]
fn a_long_package_is_looked_at_once() {
    // Each byte of a line that comes byte by byte is looked at as often as the mark has bytes.
    let (framing, mut progress) = (Framing::EofSplit(b"\r\n"), Progress::default());
    let mut line = Vec::new();
    for _ in 0..MOST - 2 {
        line.push(b'x');
        assert_eq!(framing.cut(&line, &mut progress, MOST), Cut::Incomplete);
        assert_eq!(progress.scanned, line.len());
    }
    line.extend(b"\r\n");
    assert_eq!(framing.cut(&line, &mut progress, MOST), Cut::Package(MOST));
}
