//! Durations on the command line: `500ms`, `30s`, `5m`, `1h30m`, `0`.

use std::time::Duration;

/// The longest duration of a flag: an [`std::time::Instant`] this far away can still be computed.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Parses a duration, for clap.
///
/// # Errors
/// A phrase that says what is wrong with the text.
pub fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let expected = || "expected a duration such as 500ms, 30s, 5m or 1h30m".to_owned();
    // humantime accepts more: months and years (`1M`), blanks and words.
    let mut units = text
        .split(|c: char| c.is_ascii_digit())
        .filter(|unit| !unit.is_empty());
    if !units.all(|unit| matches!(unit, "ms" | "s" | "m" | "h" | "d")) {
        return Err(expected());
    }
    let duration = humantime::parse_duration(text).map_err(|_| expected())?;
    if duration > LONGEST {
        return Err("more than a year".to_owned());
    }
    Ok(duration)
}

/// Formats a duration as [`duration`] parses it.
pub fn duration_text(duration: Duration) -> String {
    let text = humantime::format_duration(duration).to_string();
    text.replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
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
    fn a_duration_is_formatted_as_it_is_parsed() {
        for text in ["0s", "100ms", "30s", "1m30s", "1h"] {
            assert_eq!(duration(text).map(duration_text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn other_texts_are_refused() {
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
