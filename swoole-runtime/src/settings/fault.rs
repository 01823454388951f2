//! What is wrong with a value, in words that the compiler prints and an error line repeats; and the comparisons that constants can make.

/// What is wrong with a value: one line for a start error, or with its note and help for the compiler to print.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) line: &'static str,
    pub(crate) full: &'static str,
}

/// `==` on strings, where constants are computed.
pub(super) const fn same(a: &str, b: &str) -> bool {
    starts_with(a.as_bytes(), b.as_bytes()) && a.len() == b.len()
}

pub(super) const fn starts_with(text: &[u8], start: &[u8]) -> bool {
    if text.len() < start.len() {
        return false;
    }
    let mut i = 0;
    while i < start.len() {
        if text[i] != start[i] {
            return false;
        }
        i += 1;
    }
    true
}
