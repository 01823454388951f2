//! Memory that processes share: a sealed memfd and its mapping.

use core::{num::NonZeroUsize, ptr::NonNull};
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, SealFlag, fcntl},
    sys::{
        memfd::{MFdFlags, memfd_create},
        mman::{MapFlags, ProtFlags, mmap, mprotect},
        stat::fstat,
    },
    unistd::ftruncate,
};
use std::{io, os::fd::OwnedFd};

/// Regions are protected by pages of this size.
pub(crate) const PAGE: usize = 4096;

/// Makes `size` bytes of zeroes that no process can shrink or grow: shrunk under a reader they would end it with SIGBUS.
pub(crate) fn sealed(size: usize) -> io::Result<OwnedFd> {
    let fd = memfd_create(c"swoole", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
    ftruncate(&fd, size.try_into().map_err(|_| Errno::EFBIG)?)?;
    fcntl(&fd, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL))?;
    Ok(fd)
}

/// How large memory is that was made so; an error for what can be shrunk or grown.
pub(crate) fn size_of_sealed(fd: &OwnedFd) -> io::Result<usize> {
    let seals = SealFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GET_SEALS)?);
    if !seals.contains(SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW) {
        return Err(io::Error::other("memory that is not sealed"));
    }
    usize::try_from(fstat(fd)?.st_size).map_err(io::Error::other)
}

/// Maps all of it, to be read and written, until the process ends.
pub(crate) fn map(fd: &OwnedFd, size: NonZeroUsize) -> io::Result<NonNull<u8>> {
    // SAFETY: a new mapping at an address of the kernel's choosing overlaps nothing; guaranteed by the absence of MAP_FIXED.
    let start = unsafe { mmap(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, fd, 0) }?;
    Ok(start.cast())
}

/// Lets this process write these pages, or only read them.
///
/// # Safety
/// - The pages from `start` for `length` bytes belong to one mapping of [`map`].
/// - This process never writes to pages that it makes read-only: it would be ended.
pub(crate) unsafe fn protect(start: NonNull<u8>, length: usize, writable: bool) -> io::Result<()> {
    debug_assert!(start.as_ptr().addr().is_multiple_of(PAGE) && length.is_multiple_of(PAGE));
    let how = if writable { ProtFlags::PROT_READ | ProtFlags::PROT_WRITE } else { ProtFlags::PROT_READ };
    // SAFETY: the pages are a mapping of ours; guaranteed by the caller.
    Ok(unsafe { mprotect(start.cast(), length, how) }?)
}
