//! The mapping, and the one cast from an offset to a type.
//!
//! If a process dies here: the memory stays as the dead one left it; every type in it is made of atomics, so no word is ever half
//! written, and what several words mean together is said where they are defined.

use super::{
    bytes::Bytes,
    plan::{Area, Owner, Place, Places, Plan},
};
use crate::{
    sync::{AtomicU32, AtomicU64},
    sys::memory,
};
use core::{num::NonZeroUsize, ops::Range, ptr::NonNull};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

/// A type that may lie in memory that several processes map.
///
/// # Safety
/// - It is `repr(C)` or `repr(transparent)` and made of atomics and other `Shared` types alone.
/// - All its bytes being zero is a value of it.
pub(crate) unsafe trait Shared: Sync {}

// SAFETY: an atomic is itself one, and 0 is a value of it; guaranteed by its definition.
unsafe impl Shared for AtomicU64 {}
// SAFETY: an atomic is itself one, and 0 is a value of it; guaranteed by its definition.
unsafe impl Shared for AtomicU32 {}

/// All shared memory of one server, mapped until the process ends.
pub(crate) struct Arena {
    start: NonNull<u8>,
    size: usize,
    regions: Vec<(Range<usize>, Owner)>,
    /// For a process that attaches from inherited descriptors.
    memory: OwnedFd,
}

// SAFETY: the arena hands out shared references to atomics, and `Bytes`, whose users say who writes when; the mapping never ends.
unsafe impl Send for Arena {}
// SAFETY: as for `Send`; no method changes the arena itself.
unsafe impl Sync for Arena {}

impl Arena {
    /// Makes and maps the memory, all zeroes.
    pub(crate) fn new(plan: &Plan) -> io::Result<Self> {
        let size = NonZeroUsize::new(plan.size()).ok_or_else(|| io::Error::other("an empty plan"))?;
        let fd = memory::sealed(size.get())?;
        let start = memory::map(&fd, size)?;
        Ok(Self { start, size: size.get(), regions: plan.regions().to_vec(), memory: fd })
    }

    /// Maps memory that another process has made after the same plan.
    pub(crate) fn attach(plan: &Plan, memory: OwnedFd) -> io::Result<Self> {
        let size = NonZeroUsize::new(plan.size()).ok_or_else(|| io::Error::other("an empty plan"))?;
        if memory::size_of_sealed(&memory)? != size.get() {
            return Err(io::Error::other("the shared memory has another size"));
        }
        let start = memory::map(&memory, size)?;
        Ok(Self { start, size: size.get(), regions: plan.regions().to_vec(), memory })
    }

    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }

    /// From here on this process can write only the regions of these owners; a stray write elsewhere ends it, and harms nobody.
    pub(crate) fn restrict(&self, mine: impl Fn(Owner) -> bool) -> io::Result<()> {
        for (range, owner) in &self.regions {
            let start = self.at(range.start, range.len());
            // SAFETY: a region is whole pages of our mapping; guaranteed by `Plan::region`. Who calls this writes only its own from now
            // on, or the kernel ends it, which is the purpose.
            unsafe { memory::protect(start, range.len(), mine(*owner)) }?;
        }
        Ok(())
    }

    pub(crate) fn get<T: Shared>(&'static self, place: Place<T>) -> &'static T {
        let at = self.at(place.0, size_of::<T>()).cast::<T>();
        debug_assert!(at.is_aligned());
        // SAFETY: the place is inside the mapping and aligned for `T`; guaranteed by `at` and `Plan::one`. Its bytes are a `T` whatever
        // they are, since `T` is atomics; guaranteed by `Shared`. The mapping never ends.
        unsafe { at.as_ref() }
    }

    pub(crate) fn all<T: Shared>(&'static self, places: Places<T>) -> &'static [T] {
        let at = self.at(places.0, size_of::<T>() * places.1).cast::<T>();
        debug_assert!(at.is_aligned());
        // SAFETY: as in `get`, for each of the places side by side; guaranteed by `at` and `Plan::many`.
        unsafe { core::slice::from_raw_parts(at.as_ptr(), places.1) }
    }

    pub(crate) fn bytes(&'static self, area: Area) -> Bytes {
        Bytes::new(self.at(area.0, area.1), area.1)
    }

    fn at(&self, offset: usize, length: usize) -> NonNull<u8> {
        assert!(offset <= self.size && length <= self.size - offset, "a place of another plan");
        // SAFETY: the offset is inside the mapping; asserted in the line above.
        unsafe { self.start.add(offset) }
    }
}
