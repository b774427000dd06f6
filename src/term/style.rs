//! When and how text is coloured.

use crossterm::style::Stylize;

/// When to use colour.
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
    /// Whether a stream is coloured. `NO_COLOR` and `CLICOLOR_FORCE` count when not empty
    /// (and the latter when not `0`); the flag beats both.
    pub fn applies(self, terminal: bool, no_color: bool, force: bool) -> bool {
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto => !no_color && (force || terminal),
        }
    }
}

/// Whether the environment asks for no colour, in the way of <https://no-color.org>.
pub fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What a colour says, not how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Something new.
    Added,
    /// Something gone, or an error.
    Removed,
    /// Something different, or a warning.
    Changed,
    /// Less important: times, indexes.
    Faint,
}

impl Color {
    /// The text in this colour, or as it is where colour is off.
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
