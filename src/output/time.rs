//! Points in time as text: RFC 3339, in UTC unless the local time is asked for.

use std::time::{Duration, SystemTime};

use tz::{TimeZone, UtcDateTime};

/// The last second with a year of four digits.
const MAX_TIME: Duration = Duration::from_secs(253_402_300_799);

/// Formats a time to the millisecond, for JSON.
pub fn format_millis(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(clamp(time)).to_string()
}

/// How times are written in text. The comments are the help of `--time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TimeForm {
    /// In the time zone of this machine
    Local,
    /// In UTC
    Utc,
    /// Since the watch began
    Relative,
    /// Not at all
    None,
}

/// How times are written, and what that depends on.
#[derive(Debug, Clone)]
pub enum TimeFormat {
    /// In a time zone.
    Zone(TimeZone),
    /// In UTC.
    Utc,
    /// Since this time.
    Since(SystemTime),
    /// Not at all.
    None,
}

impl TimeFormat {
    /// Creates the format of something that begins now. A machine without a time zone has UTC.
    pub fn new(form: TimeForm, now: SystemTime) -> Self {
        match form {
            TimeForm::Local => local_zone().map_or(TimeFormat::Utc, TimeFormat::Zone),
            TimeForm::Utc => TimeFormat::Utc,
            TimeForm::Relative => TimeFormat::Since(now),
            TimeForm::None => TimeFormat::None,
        }
    }

    /// Formats a time to the second; to a tenth where it is relative. Without times, the text is empty.
    pub fn format(&self, time: SystemTime) -> String {
        match self {
            TimeFormat::Utc => format_seconds(time),
            TimeFormat::Zone(zone) => format_in(zone, time).unwrap_or_else(|| format_seconds(time)),
            TimeFormat::Since(start) => {
                let passed = time.duration_since(*start).unwrap_or_default();
                format!("+{:.1}s", passed.as_secs_f64())
            }
            TimeFormat::None => String::new(),
        }
    }

    /// Returns the time of the day.
    pub fn clock(&self, time: SystemTime) -> String {
        let text = self.format(time);
        text.get("2026-11-27T".len().."2026-11-27T03:04:05".len())
            .unwrap_or(&text)
            .to_owned()
    }

    /// Returns the time as the first word of a line.
    pub fn lead(&self, time: SystemTime) -> String {
        match self {
            TimeFormat::None => String::new(),
            other => format!("{} ", other.format(time)),
        }
    }
}

/// The time zone of `TZ`, or of the machine.
fn local_zone() -> Option<TimeZone> {
    match std::env::var("TZ") {
        Ok(name) if !name.is_empty() => TimeZone::from_posix_tz(&name).ok(),
        _ => TimeZone::local().ok(),
    }
}

/// Formats a time with the offset that the zone has then; `None` for one that the zone does not know.
fn format_in(zone: &TimeZone, time: SystemTime) -> Option<String> {
    let passed = clamp(time).duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let utc = UtcDateTime::from_timespec(i64::try_from(passed.as_secs()).ok()?, 0).ok()?;
    let local = utc.project(zone.as_ref()).ok()?;
    let offset = local.local_time_type().ut_offset() / 60;
    let sign = if offset < 0 { '-' } else { '+' };
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        local.year(),
        local.month(),
        local.month_day(),
        local.hour(),
        local.minute(),
        local.second(),
        offset.abs() / 60,
        offset.abs() % 60
    ))
}

/// Formats a time to the second, for text.
fn format_seconds(time: SystemTime) -> String {
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
    fn a_time_is_written_in_the_zone_of_the_machine_or_since_the_start() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let zone = |name| TimeFormat::Zone(TimeZone::from_posix_tz(name).unwrap());
        assert_eq!(
            zone("CET-1CEST,M3.5.0,M10.5.0/3").format(time),
            "2001-09-09T03:46:40+02:00"
        );
        assert_eq!(zone("NST3:30").format(time), "2001-09-08T22:16:40-03:30");
        assert_eq!(TimeFormat::Utc.lead(time), "2001-09-09T01:46:40Z ");
        let since = TimeFormat::Since(time - Duration::from_millis(61_240));
        assert_eq!(since.format(time), "+61.2s");
        assert_eq!(since.format(SystemTime::UNIX_EPOCH), "+0.0s");
        assert_eq!(TimeFormat::None.lead(time), "");
    }

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
