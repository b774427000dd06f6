//! Durations on the command line: `500ms`, `1.5s`, `30s`, `5m`, `1h30m`, `0`.

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
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return Err(format!("a unit is missing: {text}s, {text}ms or {text}m"));
    }
    let expected = || "expected a duration such as 500ms, 1.5s, 5m or 1h30m".to_owned();
    if let Some((whole, fraction)) = text.split_once('.') {
        return with_fraction(whole, fraction)
            .ok_or_else(expected)
            .and_then(not_too_long);
    }
    // humantime accepts more: months and years (`1M`), blanks and words.
    let mut units = text
        .split(|c: char| c.is_ascii_digit())
        .filter(|unit| !unit.is_empty());
    if !units.all(|unit| matches!(unit, "ms" | "s" | "m" | "h" | "d")) {
        return Err(expected());
    }
    not_too_long(humantime::parse_duration(text).map_err(|_| expected())?)
}

fn not_too_long(duration: Duration) -> Result<Duration, String> {
    if duration > LONGEST {
        return Err("more than a year".to_owned());
    }
    Ok(duration)
}

/// A single number with a fraction of up to nine digits: `1` and `5s`.
fn with_fraction(whole: &str, fraction: &str) -> Option<Duration> {
    let unit = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &fraction[..fraction.len() - unit.len()];
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !(1..=9).contains(&digits.len()) {
        return None;
    }
    let unit = match unit {
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        "h" => Duration::from_secs(3600),
        "d" => Duration::from_secs(86_400),
        _ => return None,
    };
    let parts = 10_u128.pow(digits.len().try_into().ok()?);
    let number = whole.parse::<u128>().ok()?.checked_mul(parts)? + digits.parse::<u128>().ok()?;
    let nanos = number.checked_mul(unit.as_nanos())? / parts;
    Some(Duration::from_nanos(u64::try_from(nanos).ok()?))
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
            ("1.5s", 1500),
            ("0.25m", 15_000),
            ("1.000000001s", 1000),
            ("0.5d", 43_200_000),
            ("30s", 30_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1m1s1ms", 61_001),
            ("1d", 86_400_000),
        ] {
            let parsed = duration(text).map(|parsed| parsed.as_millis());
            assert_eq!(parsed, Ok(milliseconds), "{text}");
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
            "1.5",
            "1.s",
            ".5s",
            "1.5.5s",
            "1h1.5m",
            "-1.5s",
            "1.5y",
            "1.0000000001s",
            "99999999999999999999.9d",
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
        assert!(duration("400.5d").is_err());
        assert_eq!(
            duration("5").unwrap_err(),
            "a unit is missing: 5s, 5ms or 5m"
        );
    }
}
