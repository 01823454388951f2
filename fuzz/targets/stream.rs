//! A stream that comes in reads of any size, cut as a reactor cuts it. Used by every target for a frame.

use crate::frame::{Cut, Framing, Progress, Violation};

/// What a fuzzer gives, taken from the front.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// What came of a stream.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Came {
    /// How long the packages are, one behind the other.
    pub(crate) packages: Vec<usize>,
    pub(crate) violation: Option<Violation>,
}

impl Came {
    /// How many bytes all packages have.
    pub(crate) fn length(&self) -> usize {
        self.packages.iter().sum()
    }
}

/// Cuts the stream, which comes in reads of these sizes, over and over; 0 for all that is left.
pub(crate) fn cut(framing: &Framing, stream: &[u8], most: usize, reads: &[usize]) -> Came {
    let mut came = Came { packages: Vec::new(), violation: None };
    let (mut at, mut end, mut progress) = (0, 0, Progress::default());
    for size in reads.iter().cycle() {
        if end == stream.len() {
            break;
        }
        end = if *size == 0 { stream.len() } else { stream.len().min(end + size) };
        loop {
            match framing.cut(&stream[at..end], &mut progress, most) {
                Cut::Package(length) => {
                    assert!(0 < length && length <= most, "a package is never longer than it may be");
                    assert!(length <= end - at, "nobody is given what has not come in");
                    assert_eq!(progress.total(), None, "the next package begins anew");
                    came.packages.push(length);
                    at += length;
                }
                Cut::Incomplete => break,
                Cut::Violation(why) => {
                    came.violation = Some(why);
                    return came;
                }
            }
        }
        assert!(end - at < most, "what is kept of a package is bounded");
        assert!(progress.total().is_none_or(|total| end - at < total && total <= most), "what is still to come is more than nothing");
    }
    came
}

/// One read for each byte, one for all, and what the fuzzer asks for.
pub(crate) fn splits(input: &mut Input<'_>) -> [Vec<usize>; 3] {
    let drawn = (0..1 + input.byte() % 4).map(|_| 1 + input.byte() % 64).collect();
    [vec![1], vec![0], drawn]
}
