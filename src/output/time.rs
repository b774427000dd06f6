//! Points in time as text: RFC 3339 in UTC.

use std::time::{Duration, SystemTime};

/// The last second that has a year of four digits.
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// To the millisecond, for JSON.
pub fn millis(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(writable(time)).to_string()
}

/// To the second, for people.
pub(super) fn seconds(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(writable(time)).to_string()
}

/// The nearest time that the formatter can write: it panics before 1970 and fails after 9999, and a
/// machine's clock may say either.
fn writable(time: SystemTime) -> SystemTime {
    time.clamp(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_shown_at_the_nearest_time_that_can_be_written() {
        let day = Duration::from_secs(24 * 3600);
        let (early, late) = (
            SystemTime::UNIX_EPOCH - day,
            SystemTime::UNIX_EPOCH + day * 366 * 9000,
        );
        assert_eq!(seconds(early), "1970-01-01T00:00:00Z");
        assert_eq!(millis(early), "1970-01-01T00:00:00.000Z");
        assert_eq!(seconds(late), "9999-12-31T23:59:59Z");
        assert_eq!(millis(late), "9999-12-31T23:59:59.000Z");
    }
}
