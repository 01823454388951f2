//! The time of day and the time since boot, as whole milliseconds: the width of a field in shared memory.

use nix::time::{ClockId, clock_gettime};

fn milliseconds(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |t| t.tv_sec().cast_unsigned() * 1000 + t.tv_nsec().cast_unsigned() / 1_000_000)
}

/// Since 1970. As fine as the kernel's tick (1 to 10 ms), which costs no system call.
pub(crate) fn unix_ms() -> u64 {
    milliseconds(ClockId::CLOCK_REALTIME_COARSE)
}

/// Since the machine started, never set back; the same in every process. As fine as the kernel's tick.
pub(crate) fn uptime_ms() -> u64 {
    milliseconds(ClockId::CLOCK_MONOTONIC_COARSE)
}

/// The same in microseconds, exactly: what is compared with what another program has asked this clock.
pub(crate) fn uptime_us() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |t| t.tv_sec().cast_unsigned() * 1_000_000 + t.tv_nsec().cast_unsigned() / 1000)
}
