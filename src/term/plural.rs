//! Counted nouns in messages.

use std::fmt::Display;

/// Returns the count and the noun, with the `s` or `es` of a plural unless the count is 1.
pub fn plural<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let ending = match count == N::from(1) {
        true => "",
        false if noun.ends_with('s') => "es",
        false => "s",
    };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_every_other_count_plural() {
        let keys = [0_u64, 1, 2].map(|count| plural(count, "key"));
        assert_eq!(keys, ["0 keys", "1 key", "2 keys"]);
        assert_eq!(plural(1, "process"), "1 process");
        assert_eq!(plural(2, "process"), "2 processes");
    }
}
