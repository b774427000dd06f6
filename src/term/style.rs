//! Colours, and when they are used.

use crossterm::style::Stylize;

/// When to use colour. The comments are the help of `--color`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// Whether a stream is coloured. The flag beats `NO_COLOR` and `CLICOLOR_FORCE`, which count
    /// when they are not empty (and the latter not `0`).
    pub fn applies(self, terminal: bool, no_color: bool, force: bool) -> bool {
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto => !no_color && (force || terminal),
        }
    }
}

/// Whether the environment disables colour: see <https://no-color.org>, or a terminal that knows none.
pub fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|name| name == "dumb")
}

/// Colours by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// New.
    Added,
    /// Deleted, or an error.
    Removed,
    /// Updated, or a warning.
    Changed,
    /// Less important: times, indexes.
    Faint,
}

impl Color {
    /// Returns the text in this colour, or unchanged if colour is off.
    pub fn paint(self, text: &str, on: bool) -> String {
        if !on {
            return text.to_owned();
        }
        match self {
            Color::Added => text.green(),
            Color::Removed => text.red(),
            Color::Changed => text.yellow(),
            Color::Faint => text.dark_grey(),
        }
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_the_environment_and_the_environment_the_terminal() {
        assert!(When::Always.applies(false, true, false));
        assert!(!When::Never.applies(true, false, true));
        assert!(When::Auto.applies(true, false, false));
        assert!(!When::Auto.applies(true, true, true));
        assert!(When::Auto.applies(false, false, true));
        assert!(!When::Auto.applies(false, false, false));
    }
}
