//! How long it is what a job carries, and where it lies: one word of the job's cell. Written by whoever wrote the bytes, read by whoever
//! reads them.

/// The word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Load {
    pub(crate) length: u32,
    pub(crate) place: Place,
}

/// What can be written where it is to lie, a job or an output or a message, whatever its type.
pub(crate) trait Written {
    /// How long it is, or `None` where there is no room.
    fn write(&self, space: &mut [u8]) -> Option<usize>;
    /// The same in memory of its own; `None` for what cannot be written at all.
    fn to_vec(&self) -> Option<Vec<u8>>;
}

/// Where it lies: the first of these that takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// In the job's own cell.
    Cell,
    /// In this one of the large cells that its worker, or the sender of the message, has.
    Large(u8),
    /// In a file.
    File,
}

impl Load {
    pub(crate) fn in_cell(length: usize) -> Self {
        // A half of a cell is smaller than 4 GiB: see the range of `task_cell`.
        Self { length: length as u32, place: Place::Cell }
    }

    pub(crate) fn word(self) -> u64 {
        let place = match self.place {
            Place::Cell => 0,
            Place::File => 1,
            Place::Large(at) => 2 | u64::from(at) << 8,
        };
        u64::from(self.length) | place << 32
    }

    /// Whoever reads it checks the length and the number: another process wrote them.
    pub(crate) fn of(word: u64) -> Self {
        let place = match (word >> 32) as u8 {
            0 => Place::Cell,
            1 => Place::File,
            _ => Place::Large((word >> 40) as u8),
        };
        Self { length: word as u32, place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_comes_back_as_what_it_was() {
        for place in [Place::Cell, Place::Large(0), Place::Large(255), Place::File] {
            for length in [0, 1, u32::MAX] {
                let load = Load { length, place };
                assert_eq!(Load::of(load.word()), load);
            }
        }
        assert_eq!(Load::of(0), Load::in_cell(0), "shared memory comes as zeroes");
    }
}
