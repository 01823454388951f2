//! What is wrong with a value, in words that the compiler prints and an error line repeats; and the comparisons that constants can make.

/// What is wrong with a value: one line for a start error, or with its note and help for the compiler to print.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What is wrong and what to write, as one sentence.
    pub line: &'static str,
    /// Headline, `note:` and `help:`, a line each.
    pub full: &'static str,
}

/// `==` on strings, where constants are computed.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    starts_with(a.as_bytes(), b.as_bytes()) && a.len() == b.len()
}

pub(crate) const fn starts_with(text: &[u8], start: &[u8]) -> bool {
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

/// A fault of this key: what is wrong, why there is such a rule, what to write.
macro_rules! fault {
    ($key:literal $what:literal, $why:literal, $write:literal) => {
        Some($crate::Fault {
            line: concat!("`", $key, "` ", $what, "; ", $write),
            full: concat!("`", $key, "` ", $what, "\nnote: ", $why, "\nhelp: ", $write),
        })
    };
}
pub(crate) use fault;
