//! An allocator that counts, for every process of a server together: the counter lies in a page that forked processes share.

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    num::NonZeroUsize,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

static COUNTER: OnceLock<&'static AtomicU64> = OnceLock::new();

/// Counts from here on, in this process and all it forks.
pub(crate) fn begin() {
    let size = NonZeroUsize::new(4096).expect("not 0");
    // SAFETY: a new mapping at an address of the kernel's choosing overlaps nothing; guaranteed by the absence of MAP_FIXED.
    let page = unsafe { mmap_anonymous(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED) };
    let page = page.expect("one page");
    // SAFETY: the page is mapped for ever, aligned, and zero, which is an atomic's value; guaranteed by the line above.
    let counter = unsafe { page.cast::<AtomicU64>().as_ref() };
    COUNTER.set(counter).expect("begun once");
}

/// How many allocations there were.
pub(crate) fn count() -> u64 {
    COUNTER.get().map_or(0, |counter| counter.load(Ordering::Relaxed))
}

pub(crate) struct Counting;

impl Counting {
    fn one_more() {
        if let Some(counter) = COUNTER.get() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: every call goes to the system's allocator unchanged; counting touches no memory but the counter.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::one_more();
        // SAFETY: the same call; guaranteed by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the same call; guaranteed by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::one_more();
        // SAFETY: the same call; guaranteed by the caller.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
