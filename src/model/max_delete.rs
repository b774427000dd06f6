//! `--max-delete`: a bound of the deletes that happen at once.

use std::fmt;
use std::str::FromStr;

/// The most deletes at once that are carried out, or believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxDelete {
    /// A number of keys.
    Keys(usize),
    /// A percentage of the keys that there are.
    Percent(u8),
}

impl MaxDelete {
    /// Whether `deletes` of `keys` keys are allowed.
    pub fn allows(self, deletes: usize, keys: usize) -> bool {
        match self {
            MaxDelete::Keys(most) => deletes <= most,
            MaxDelete::Percent(most) => deletes as u128 * 100 <= keys as u128 * u128::from(most),
        }
    }
}

impl FromStr for MaxDelete {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is neither a number of keys nor a percentage from 0% to 100%");
        match text.strip_suffix('%') {
            Some(percent) => percent
                .parse()
                .ok()
                .filter(|percent| *percent <= 100)
                .map(MaxDelete::Percent),
            None => text.parse().ok().map(MaxDelete::Keys),
        }
        .ok_or_else(wrong)
    }
}

impl fmt::Display for MaxDelete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxDelete::Keys(most) => write!(f, "{most}"),
            MaxDelete::Percent(most) => write!(f, "{most}%"),
        }
    }
}
