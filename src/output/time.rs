//! Points in time as text: RFC 3339 in UTC.

use std::time::{Duration, SystemTime};

/// The last second with a year of four digits.
const MAX_TIME: Duration = Duration::from_secs(253_402_300_799);

/// Formats a time to the millisecond, for JSON.
pub fn format_millis(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(clamp(time)).to_string()
}

/// Formats a time to the second, for text.
pub(super) fn format_seconds(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(clamp(time)).to_string()
}

/// Returns the nearest time that the formatter can write: it panics before 1970 and fails after 9999,
/// and the clock of a machine may show either.
fn clamp(time: SystemTime) -> SystemTime {
    time.clamp(SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + MAX_TIME)
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
        assert_eq!(format_seconds(early), "1970-01-01T00:00:00Z");
        assert_eq!(format_millis(early), "1970-01-01T00:00:00.000Z");
        assert_eq!(format_seconds(late), "9999-12-31T23:59:59Z");
        assert_eq!(format_millis(late), "9999-12-31T23:59:59.000Z");
    }
}
