//! The atomics of shared memory, by this one name so that the models can put theirs in their place. Used by every structure two
//! processes share.

pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
