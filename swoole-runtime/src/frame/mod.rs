//! How a stream is cut into packages. What comes in is cut where it lies; whoever holds the bytes keeps how far they were looked at.
//!
//! Runs in: a reactor. If the worker is dead: nothing here knows.

#[cfg(test)]
mod laws;
mod length;

pub use length::{ByteOrder, LengthField};

use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a function of a server's own says of the bytes that have come in since the last package: see the key `frame`.
///
/// ```
/// use swoole_runtime::Frame;
///
/// /// A package is a byte with a length, and so many bytes.
/// fn frame(bytes: &[u8]) -> Frame {
///     match bytes.first() {
///         None => Frame::Incomplete,
///         Some(0) => Frame::Violation,
///         Some(length) => Frame::Package(1 + usize::from(*length)),
///     }
/// }
/// assert_eq!(frame(b"\x02hi\x01"), Frame::Package(3));
/// assert_eq!(frame(b"\x05hi"), Frame::Package(6), "not all of it is there: it is asked again when it is");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame {
    /// The first package has so many bytes, from 1 to `package_max_length`. It may have more than have come in: the function is asked
    /// again, with these bytes and more, when all of it is there.
    Package(usize),
    /// How long the first package is cannot be said yet. The function is asked again when more has come in.
    Incomplete,
    /// This is no package: the session is closed with [`CloseReason::Protocol`](crate::CloseReason::Protocol).
    Violation,
}

/// How the packages of a listener end. Made by the expansion of `#[swoole::server]`, by the key `frame`.
#[derive(Clone, Copy, Debug)]
pub enum Framing {
    /// Up to the last mark that has come in; may hold several packages.
    EofCheck(&'static [u8]),
    /// Up to the first mark, with it.
    EofSplit(&'static [u8]),
    /// As a field of each package says.
    Length(LengthField),
    /// As a function of the server's own says.
    Function(fn(&[u8]) -> Frame),
}

/// How far the bytes of a package that is not whole yet were looked at.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Progress {
    /// So many hold no mark.
    scanned: usize,
    /// How long the package is; 0 where that is not known.
    total: usize,
}

impl Progress {
    /// How many bytes the package has, where that is known.
    pub(crate) fn total(self) -> Option<usize> {
        (self.total > 0).then_some(self.total)
    }
}

/// What bytes begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cut {
    /// A package of so many bytes.
    Package(usize),
    Incomplete,
    Violation(Violation),
}

/// Why a stream is no stream of packages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Violation {
    TooLong,
    Length,
    Function,
    Panic,
    /// Of the dispatch function, not of a frame's.
    DispatchPanic,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "a package is longer than package_max_length",
            Self::Length => "the length field holds no length that a package can have",
            Self::Function => "the frame function says that it is no package",
            Self::Panic => "the frame function panicked",
            Self::DispatchPanic => "the dispatch function panicked",
        })
    }
}

impl Framing {
    /// Looks for the first package of `bytes`, of at most `most` bytes. `progress` is that of these bytes, and is new again behind a package.
    #[inline]
    pub(crate) fn cut(&self, bytes: &[u8], progress: &mut Progress, most: usize) -> Cut {
        if bytes.len() < progress.total || bytes.is_empty() {
            return Cut::Incomplete;
        }
        let cut = match self {
            Self::EofCheck(mark) => last_mark(bytes, mark, progress, most),
            Self::EofSplit(mark) => first_mark(bytes, mark, progress, most),
            Self::Length(field) => field.cut(bytes),
            Self::Function(frame) => ask(*frame, bytes),
        };
        match cut {
            Cut::Package(0) => Cut::Violation(Violation::Function),
            Cut::Package(length) if length > most => Cut::Violation(Violation::TooLong),
            Cut::Package(length) if length > bytes.len() => {
                progress.total = length;
                Cut::Incomplete
            }
            Cut::Package(length) => {
                *progress = Progress::default();
                Cut::Package(length)
            }
            Cut::Incomplete if bytes.len() >= most => Cut::Violation(Violation::TooLong),
            other => other,
        }
    }
}

fn first_mark(bytes: &[u8], mark: &[u8], progress: &mut Progress, most: usize) -> Cut {
    let window = &bytes[..bytes.len().min(most)];
    let from = progress.scanned.saturating_sub(mark.len() - 1);
    progress.scanned = window.len();
    match position(&window[from..], mark) {
        Some(at) => Cut::Package(from + at + mark.len()),
        None => Cut::Incomplete,
    }
}

fn last_mark(bytes: &[u8], mark: &[u8], progress: &mut Progress, most: usize) -> Cut {
    let window = &bytes[..bytes.len().min(most)];
    let from = progress.scanned.saturating_sub(mark.len() - 1);
    progress.scanned = window.len();
    let mut end = window.len();
    while let Some(last) = memchr::memrchr(mark[mark.len() - 1], &window[from..end]).map(|at| from + at + 1) {
        if window[..last].ends_with(mark) {
            return Cut::Package(last);
        }
        end = last - 1;
    }
    Cut::Incomplete
}

/// Where the mark stands first. By its last byte: a mark of a line is looked for as that byte alone.
fn position(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    memchr::memchr_iter(mark[mark.len() - 1], bytes).find(|&at| bytes[..=at].ends_with(mark)).map(|at| at + 1 - mark.len())
}

/// The function is trusted, and outside of the isolation of workers: a panic of it closes one session.
fn ask(frame: fn(&[u8]) -> Frame, bytes: &[u8]) -> Cut {
    match catch_unwind(AssertUnwindSafe(|| frame(bytes))) {
        Ok(Frame::Package(length)) => Cut::Package(length),
        Ok(Frame::Incomplete) => Cut::Incomplete,
        Ok(Frame::Violation) => Cut::Violation(Violation::Function),
        Err(_) => Cut::Violation(Violation::Panic),
    }
}
