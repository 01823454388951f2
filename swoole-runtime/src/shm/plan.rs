//! Where everything lies: offsets only, computed once from the settings, the same in every process.

use super::Shared;
use crate::sys::memory::PAGE;
use core::{marker::PhantomData, ops::Range};

/// Who may write a region. All may read all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    Master,
    Manager,
    /// The worker of this slot; and the manager, which settles for the dead, and the master, which gives large cells back.
    Worker(usize),
    /// Workers, task workers and the manager, all of them: jobs pass through their hands.
    Jobs,
}

/// Where one `T` lies.
pub(crate) struct Place<T>(pub(super) usize, PhantomData<fn() -> T>);

/// Where some `T` lie side by side.
pub(crate) struct Places<T>(pub(super) usize, pub(super) usize, PhantomData<fn() -> T>);

/// Where plain bytes lie.
#[derive(Clone, Copy)]
pub(crate) struct Area(pub(super) usize, pub(super) usize);

impl<T> Clone for Place<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Place<T> {}
impl<T> Clone for Places<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Places<T> {}

impl<T> Places<T> {
    /// One of them, if there is one.
    pub(crate) fn nth(&self, n: usize) -> Option<Place<T>> {
        (n < self.1).then(|| Place(self.0 + n * size_of::<T>(), PhantomData))
    }
}

/// Lays things one behind the other, and remembers whose they are.
pub(crate) struct Plan {
    end: usize,
    regions: Vec<(Range<usize>, Owner)>,
}

impl Plan {
    pub(crate) fn new() -> Self {
        Self { end: 0, regions: Vec::new() }
    }

    /// Lays out a region of whole pages.
    pub(crate) fn region<R>(&mut self, owner: Owner, lay: impl FnOnce(&mut Self) -> R) -> R {
        let start = self.align(PAGE);
        let laid = lay(self);
        let end = self.align(PAGE);
        self.regions.push((start..end, owner));
        laid
    }

    pub(crate) fn one<T: Shared>(&mut self) -> Place<T> {
        let at = self.align(align_of::<T>());
        self.end += size_of::<T>();
        Place(at, PhantomData)
    }

    pub(crate) fn many<T: Shared>(&mut self, count: usize) -> Places<T> {
        let at = self.align(align_of::<T>());
        self.end += size_of::<T>() * count;
        Places(at, count, PhantomData)
    }

    /// Bytes that begin at a page, so that nothing else shares one with them.
    pub(crate) fn bytes(&mut self, length: usize) -> Area {
        let at = self.align(PAGE);
        self.end += length;
        Area(at, length)
    }

    /// How many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.end.next_multiple_of(PAGE)
    }

    pub(super) fn regions(&self) -> &[(Range<usize>, Owner)] {
        &self.regions
    }

    /// Tells two plans apart: by every region, its owner and its size.
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for (range, owner) in &self.regions {
            let owner = match owner {
                Owner::Master => 1,
                Owner::Manager => 2,
                Owner::Jobs => 3,
                Owner::Worker(w) => 4 + w,
            };
            for part in [range.start, range.end, owner] {
                hash = (hash ^ part as u64).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash
    }

    fn align(&mut self, to: usize) -> usize {
        self.end = self.end.next_multiple_of(to);
        self.end
    }
}
