//! Durations as people write them: `500ms`, `30s`, `5m`, `1h30m`, `0`.

use std::time::Duration;

/// What no flag needs more of; a deadline this far away still is a point in time.
const MOST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads a duration, for clap.
///
/// # Errors
/// What is wrong with the text, as one phrase.
pub fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let expected = || "expected a duration such as 500ms, 30s, 5m or 1h30m".to_owned();
    // humantime reads months and years too, `1M` among them, and takes blanks and words.
    let mut units = text
        .split(|c: char| c.is_ascii_digit())
        .filter(|unit| !unit.is_empty());
    if !units.all(|unit| matches!(unit, "ms" | "s" | "m" | "h" | "d")) {
        return Err(expected());
    }
    let duration = humantime::parse_duration(text).map_err(|_| expected())?;
    if duration > MOST {
        return Err("more than a year".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1m1s1ms", 61_001),
            ("1d", 86_400_000),
        ] {
            assert_eq!(
                duration(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "5",
            "s",
            "-1s",
            "1.5s",
            "1M",
            "1y",
            "1 s",
            "5 minutes",
            "1sm",
            "1µs",
            "abc",
            "99999999999999999999s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("400d").is_err());
    }
}
