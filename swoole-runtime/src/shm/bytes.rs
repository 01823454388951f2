//! Plain bytes of shared memory. Whoever uses them says who writes them when; the bounds are checked here.

use crate::sys::socket;
use core::ptr::NonNull;
use nix::errno::Errno;
use std::os::fd::RawFd;

/// An area of bytes: the byte area of a ring, or the large cells of a worker.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a `Bytes` is an address range of a mapping that never ends; each access to it states why it races with none.
unsafe impl Send for Bytes {}

impl Bytes {
    pub(super) fn new(start: NonNull<u8>, length: usize) -> Self {
        Self { start, length }
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// A part of it, if it lies inside: offsets that another process wrote come through here.
    pub(crate) fn piece(&self, at: usize, length: usize) -> Option<Piece> {
        if at > self.length || length > self.length - at {
            return None;
        }
        // SAFETY: the offset is inside the area; checked in the line above.
        Some(Piece { start: unsafe { self.start.add(at) }, length })
    }
}

/// Some bytes of an area.
#[derive(Clone, Copy)]
pub(crate) struct Piece {
    start: NonNull<u8>,
    length: usize,
}

impl Piece {
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// What is behind the first `from` bytes.
    pub(crate) fn after(&self, from: usize) -> Self {
        let from = from.min(self.length);
        // SAFETY: the offset is inside the piece; `min` in the line above.
        Self { start: unsafe { self.start.add(from) }, length: self.length - from }
    }

    /// The first `length` bytes, or all where there are fewer.
    pub(crate) fn first(&self, length: usize) -> Self {
        Self { start: self.start, length: length.min(self.length) }
    }

    /// Sends as much as the kernel takes.
    pub(crate) fn send(&self, fd: RawFd) -> Result<usize, Errno> {
        // SAFETY: the piece lies in a mapping that never ends; guaranteed by `Bytes::piece`.
        unsafe { socket::send(fd, self.start, self.length) }
    }

    /// Copies as much as `to` takes, and says how much.
    ///
    /// The sender may be gone wild and write at the same time: then the client gets nonsense, and nothing else happens.
    pub(crate) fn copy_to(&self, to: &mut [u8]) -> usize {
        let length = self.length.min(to.len());
        // SAFETY: both ranges are `length` long and apart; guaranteed by `min`, and by `to` being memory of this process alone.
        unsafe { core::ptr::copy_nonoverlapping(self.start.as_ptr(), to.as_mut_ptr(), length) };
        length
    }

    /// Receives into it.
    ///
    /// # Safety
    /// - Nobody else reads or writes these bytes meanwhile.
    pub(crate) unsafe fn receive(&self, fd: RawFd) -> Result<usize, Errno> {
        // SAFETY: the piece lies in a mapping that never ends and is ours alone for now; guaranteed by `Bytes::piece` and the caller.
        unsafe { socket::receive(fd, self.start, self.length) }
    }

    /// Copies `from`, which must fit, to its beginning.
    ///
    /// # Safety
    /// - Nobody else reads or writes these bytes meanwhile.
    pub(crate) unsafe fn write(&self, from: &[u8]) {
        assert!(from.len() <= self.length, "more bytes than were reserved");
        // SAFETY: both ranges hold `from.len()` bytes and are apart; asserted in the line above, and ours alone by the caller's word.
        unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), self.start.as_ptr(), from.len()) };
    }

    /// As a slice to write into.
    ///
    /// # Safety
    /// - Nobody else reads or writes these bytes for the length of `'a`.
    pub(crate) unsafe fn as_mut_slice<'a>(&self) -> &'a mut [u8] {
        // SAFETY: the bytes are mapped for ever and are ours alone; guaranteed by `Bytes::piece` and the caller.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }

    /// As a slice.
    ///
    /// # Safety
    /// - Nobody writes these bytes for the length of `'a`.
    pub(crate) unsafe fn as_slice<'a>(&self) -> &'a [u8] {
        // SAFETY: the bytes are mapped for ever and written by nobody; guaranteed by `Bytes::piece` and the caller.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}
