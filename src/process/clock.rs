//! A clock by which this process and its guard agree on a time.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the time since the machine was started, the time in which it was suspended included: a laptop
/// that sleeps loses its locks. Where there is no such clock, one that stands still in that time.
pub fn boot_time() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    // Neither is ever negative.
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}
