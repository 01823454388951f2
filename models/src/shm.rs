//! The one name of the runtime's `shm` that the files under test know. Nothing is laid into a mapping here.

/// A type that may lie in memory that several processes map; as the runtime's, which see.
///
/// # Safety
/// - As the runtime's; nobody here relies on it.
pub(crate) unsafe trait Shared: Sync {}
