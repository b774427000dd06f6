//! Colours, and when they are used.

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

/// Colours by meaning: four of the eight that every theme makes readable on its background, bold, dim and
/// reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// New.
    Added,
    /// Deleted, or an error.
    Removed,
    /// Updated, or a warning.
    Changed,
    /// A folder.
    Folder,
    /// A key before its value.
    Key,
    /// Less important: times, indexes.
    Faint,
    /// The part of a line that changed.
    Marked,
}

impl Color {
    /// The parameters of the sequence that begins it.
    fn parameters(self) -> &'static str {
        match self {
            Color::Added => "32",
            Color::Removed => "31",
            Color::Changed => "33",
            Color::Folder => "1;36",
            Color::Key => "36",
            Color::Faint => "2",
            Color::Marked => "7",
        }
    }

    /// Returns the text in this colour, or unchanged if colour is off.
    pub fn paint(self, text: &str, on: bool) -> String {
        match on {
            true => format!("\x1b[{}m{text}\x1b[0m", self.parameters()),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_those_that_every_theme_has() {
        assert_eq!(Color::Removed.paint("x", true), "\x1b[31mx\x1b[0m");
        assert_eq!(Color::Folder.paint("x", true), "\x1b[1;36mx\x1b[0m");
        assert_eq!(Color::Folder.paint("x", false), "x");
        use Color::{Added, Changed, Faint, Folder, Key, Marked, Removed};
        for color in [Added, Removed, Changed, Folder, Key, Faint, Marked] {
            let known = ["1", "2", "7", "31", "32", "33", "36"];
            let mut parameters = color.parameters().split(';');
            assert!(parameters.all(|one| known.contains(&one)), "{color:?}");
        }
    }

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
