//! Signals by name and number.

use std::fmt;
use std::str::FromStr;

use rustix::process::Signal as Raw;

/// The signals that a user can choose: those that programs commonly react to.
const NAMES: &[(&str, Raw)] = &[
    ("HUP", Raw::HUP),
    ("INT", Raw::INT),
    ("QUIT", Raw::QUIT),
    ("KILL", Raw::KILL),
    ("USR1", Raw::USR1),
    ("USR2", Raw::USR2),
    ("ALRM", Raw::ALARM),
    ("TERM", Raw::TERM),
    ("CONT", Raw::CONT),
    ("WINCH", Raw::WINCH),
];

/// A signal to send to a child's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(Raw);

impl Signal {
    /// Returns the names that a user can choose, as in [`FromStr`].
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// The request to end.
    pub const TERM: Signal = Signal(Raw::TERM);
    /// The request to read the configuration again.
    pub const HUP: Signal = Signal(Raw::HUP);

    /// Returns the signal of this number, if there is one.
    pub(super) fn from_number(number: i32) -> Option<Self> {
        Raw::from_named_raw(number).map(Signal)
    }

    /// Returns its number.
    pub fn number(self) -> i32 {
        self.0.as_raw()
    }

    pub(super) fn raw(self) -> Raw {
        self.0
    }
}

/// Returns the name of a signal, `SIGSTOP`, or its number where it has none.
pub fn name_of_signal(number: i32) -> String {
    let name = signal_hook::low_level::signal_name(number);
    name.map_or_else(|| format!("signal {number}"), str::to_owned)
}

impl FromStr for Signal {
    type Err = String;

    /// Parses `HUP`, `SIGHUP`, `hup` or a number.
    fn from_str(text: &str) -> Result<Self, String> {
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        let number: Option<i32> = name.parse().ok();
        NAMES
            .iter()
            .find(|(known, raw)| *known == name || Some(raw.as_raw()) == number)
            .map(|(_, raw)| Signal(*raw))
            .ok_or_else(|| {
                let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
                format!("unknown signal, expected one of {}", names.join(", "))
            })
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, raw)| *raw == self.0);
        f.write_str(name.map_or("?", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_known_by_name_with_and_without_prefix_and_by_number() {
        for text in ["HUP", "SIGHUP", "hup", "sighup", "1"] {
            assert_eq!(text.parse(), Ok(Signal::HUP), "{text}");
        }
        assert_eq!(Signal::TERM.to_string(), "TERM");
    }

    #[test]
    fn an_unknown_signal_is_refused_with_the_known_ones() {
        for text in ["", "SIG", "NOPE", "0", "-1", "99"] {
            let error = text.parse::<Signal>().unwrap_err();
            assert!(error.contains("HUP, INT"), "{text}: {error}");
        }
    }
}
