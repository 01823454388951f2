//! What a worker is in: the record whose callback it has begun, as one word.
//!
//! If a process dies here: the word names the record it was in, unless that is consumed already; then it was in none. It is written
//! before the callback and the record is consumed after it, so no record is begun without being named.

/// A record of one of a worker's rings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Begun {
    /// Which reactor's ring.
    pub(crate) ring: u16,
    pub(crate) position: u64,
    /// The callback is `on_lost`: a predecessor had begun it as what it is. It is not begun a third time.
    pub(crate) again: bool,
}

const POSITION_BITS: u32 = 53;

impl Begun {
    /// As a word of shared memory: never 0, which says "none yet".
    pub(crate) fn word(self) -> u64 {
        (u64::from(self.ring) + 1) << (POSITION_BITS + 1)
            | u64::from(self.again) << POSITION_BITS
            | self.position & ((1 << POSITION_BITS) - 1)
    }

    pub(crate) fn of(word: u64) -> Option<Self> {
        let ring = u16::try_from((word >> (POSITION_BITS + 1)).checked_sub(1)?).ok()?;
        Some(Self { ring, position: word & ((1 << POSITION_BITS) - 1), again: word >> POSITION_BITS & 1 == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_as_what_it_was() {
        for begun in [
            Begun { ring: 0, position: 0, again: false },
            Begun { ring: 255, position: (1 << 53) - 1, again: true },
            Begun { ring: 3, position: 12_345, again: false },
        ] {
            assert_eq!(Begun::of(begun.word()), Some(begun));
        }
        assert_eq!(Begun::of(0), None);
    }
}
