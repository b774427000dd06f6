//! Sizes on the command line: `256M`, `1G`, `64K`, `1000`.

/// Parses a number of bytes with a unit of 1024, its square or its cube, for clap.
///
/// # Errors
/// A phrase that says what is wrong with the text.
pub fn size(text: &str) -> Result<usize, String> {
    let expected = || "expected a size such as 64K, 256M or 1G".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "m" | "MiB" => 20,
        "G" | "g" | "GiB" => 30,
        _ => return Err(expected()),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(expected());
    }
    let number: Option<usize> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "more than this system can address".to_owned())
}

/// A number of bytes as [`size`] reads it, in the largest unit that has no remainder.
pub fn size_text(bytes: usize) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let fits = |shift: u32| bytes > 0 && bytes.trailing_zeros() >= shift;
    match units.iter().find(|(shift, _)| fits(*shift)) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_a_binary_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("1000", 1000),
            ("64K", 65_536),
            ("256M", 268_435_456),
            ("1MiB", 1_048_576),
            ("1g", 1 << 30),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
            assert_eq!(size(&size_text(bytes)), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "M",
            "-1",
            "+1",
            "1.5M",
            "1 M",
            "1T",
            "1MB",
            "x",
            "99999999999999G",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
