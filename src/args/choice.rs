//! The help of flags with named values. clap's own list of values takes too many lines of `-h`.

use std::fmt::Write;

use clap::ValueEnum;

/// Returns one line with the names: `While busy: queue (default), restart, signal, drop`.
pub fn short_help<E: ValueEnum + Copy>(topic: &str, default: Option<E>) -> String {
    let names: Vec<String> = labels(default.as_ref()).map(|(label, _)| label).collect();
    format!("{topic}: {}", names.join(", "))
}

/// Returns a list of the names and their meanings.
pub fn long_help<E: ValueEnum + Copy>(topic: &str, default: Option<E>) -> String {
    let mut text = format!("{topic}:");
    for (label, help) in labels(default.as_ref()) {
        let _ = write!(text, "\n- {label}: {help}");
    }
    text
}

fn labels<E: ValueEnum>(default: Option<&E>) -> impl Iterator<Item = (String, String)> {
    let default = default.and_then(E::to_possible_value);
    let values = E::value_variants().iter().filter_map(E::to_possible_value);
    values.map(move |value| {
        let note = if default.as_ref() == Some(&value) {
            " (default)"
        } else {
            ""
        };
        let help = value.get_help().map(ToString::to_string);
        (
            format!("{}{note}", value.get_name()),
            help.unwrap_or_default(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::When;

    #[test]
    fn values_are_listed_with_the_default_and_their_meaning() {
        let short = short_help("Colour", Some(When::Auto));
        assert_eq!(short, "Colour: auto (default), always, never");
        let long = long_help::<When>("Colour", None);
        assert!(long.starts_with("Colour:\n- auto: On a terminal"), "{long}");
    }
}
