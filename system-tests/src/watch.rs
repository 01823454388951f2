//! Waiting for facts under a watchdog: a fact that does not come true ends the test with its name.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a fact may take before the test is given up. No test asserts that anything is faster.
pub const WATCHDOG: Duration = Duration::from_secs(40);

/// How long between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(3);

/// The servers count on a clock that is as fine as the kernel's tick: what is in time by it may be so much too early by another.
const TICK: Duration = Duration::from_millis(10);

/// Sees that so much time has passed since then.
///
/// # Panics
/// When it has not.
pub fn is_not_before(since: Instant, time: Duration) {
    let passed = since.elapsed();
    assert!(passed + TICK >= time, "not before its time: {passed:?} of {time:?}");
}

/// Waits until `look` finds something.
///
/// # Panics
/// When it finds nothing within [`WATCHDOG`].
pub fn find<T>(awaited: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < WATCHDOG, "waited in vain for this: {awaited}");
        thread::sleep(LOOK_AGAIN);
    }
}

/// Waits until `fact` is true.
///
/// # Panics
/// When it is not within [`WATCHDOG`].
pub fn until(awaited: &str, mut fact: impl FnMut() -> bool) {
    find(awaited, || fact().then_some(()));
}

/// Waits until `fact` is `Ok`; where it does not become so, the last error is told.
///
/// # Panics
/// When it does not within [`WATCHDOG`].
pub fn until_or(awaited: &str, mut fact: impl FnMut() -> Result<(), String>) {
    let start = Instant::now();
    while let Err(what_is) = fact() {
        assert!(start.elapsed() < WATCHDOG, "waited in vain for this: {awaited}; what is: {what_is}");
        thread::sleep(LOOK_AGAIN);
    }
}
