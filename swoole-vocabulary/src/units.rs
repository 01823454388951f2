//! Units, for the values of keys that are numbers of seconds or of bytes. Used while compiling.

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

/// So many times 1024 bytes.
#[must_use]
pub const fn kib(kibibytes: u64) -> u64 {
    kibibytes << 10
}

/// So many times 1024 × 1024 bytes.
#[must_use]
pub const fn mib(mebibytes: u64) -> u64 {
    mebibytes << 20
}

/// So many times 1024 × 1024 × 1024 bytes.
#[must_use]
pub const fn gib(gibibytes: u64) -> u64 {
    gibibytes << 30
}

/// A unit: its name, what it makes of a number, and what else it is called.
pub type Unit = (&'static str, fn(u64) -> u64, &'static [&'static str]);

/// The functions that make seconds.
pub const TIME_UNITS: &[Unit] = &[("secs", secs, &["s", "sec", "second", "seconds"]), ("mins", mins, &["m", "min", "minute", "minutes"])];

/// The functions that make bytes.
pub const SIZE_UNITS: &[Unit] = &[
    ("kib", kib, &["k", "kb", "kilobytes", "kibibytes"]),
    ("mib", mib, &["m", "mb", "megabytes", "mebibytes", "megs"]),
    ("gib", gib, &["g", "gb", "gigabytes", "gibibytes"]),
];
