//! Counted nouns in messages.

use std::fmt::Display;

/// Returns the count and the noun, with a plural `s` unless the count is 1.
pub fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_every_other_count_plural() {
        let keys = [0_u64, 1, 2].map(|count| plural(count, "key"));
        assert_eq!(keys, ["0 keys", "1 key", "2 keys"]);
    }
}
