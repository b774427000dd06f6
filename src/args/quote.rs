//! Words of a command line that a message proposes.

use std::borrow::Cow;

/// Quotes a word for a shell, where it needs it.
pub fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Cow::into_owned)
}
