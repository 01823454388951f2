//! Units of time, for the values of keys that are numbers of seconds. Used while compiling.

/// So many seconds.
#[must_use]
pub const fn secs(seconds: u64) -> u64 {
    seconds
}

/// So many minutes, in seconds.
#[must_use]
pub const fn mins(minutes: u64) -> u64 {
    minutes * 60
}
