//! A package whose length stands in it.

use super::{Cut, Violation};

/// In which order the bytes of a number stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteOrder {
    /// The most significant first, as networks have it.
    Big,
    /// The least significant first.
    Little,
}

/// Where a package says how long it is: its length is `body` and what the field holds.
#[derive(Clone, Copy, Debug)]
pub struct LengthField {
    /// How many bytes the field has: 1, 2, 4 or 8.
    pub width: usize,
    /// Whether a field whose first bit is set holds a negative number, which no length is.
    pub is_signed: bool,
    /// The order of its bytes.
    pub order: ByteOrder,
    /// Where it begins, in bytes from the start of the package.
    pub offset: usize,
    /// Where that begins which it counts.
    pub body: usize,
}

impl LengthField {
    pub(super) fn cut(&self, bytes: &[u8]) -> Cut {
        let end = self.offset + self.width;
        let Some(field) = bytes.get(self.offset..end) else { return Cut::Incomplete };
        // In eight bytes, at that end of them where they say the same number: no loop over the field.
        let mut whole = [0; 8];
        let value = match self.order {
            ByteOrder::Big => {
                whole[8 - self.width..].copy_from_slice(field);
                u64::from_be_bytes(whole)
            }
            ByteOrder::Little => {
                whole[..self.width].copy_from_slice(field);
                u64::from_le_bytes(whole)
            }
        };
        let is_negative = self.is_signed && value >> (8 * self.width - 1) == 1;
        let length = usize::try_from(value).ok().and_then(|value| value.checked_add(self.body));
        match length {
            // One that ends before its own field is over would be cut for ever.
            Some(length) if length >= end && !is_negative => Cut::Package(length),
            Some(_) => Cut::Violation(Violation::Length),
            None => Cut::Violation(if is_negative { Violation::Length } else { Violation::TooLong }),
        }
    }
}
