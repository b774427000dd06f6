//! Errors of the operating system as people read them: without their number, which Rust puts behind the
//! words. It must not know what was being done.

use std::borrow::Cow;
use std::io;

/// What Rust writes before the number.
const BEFORE: &str = " (os error ";

/// Returns the words of an error.
pub fn describe(error: &io::Error) -> String {
    without_number(&error.to_string()).into_owned()
}

/// Takes the numbers of system errors out of a message.
pub fn without_number(message: &str) -> Cow<'_, str> {
    let Some((first, rest)) = message.split_once(BEFORE) else {
        return Cow::Borrowed(message);
    };
    let mut text = first.to_owned();
    for part in rest.split(BEFORE) {
        let behind = part.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
        match behind
            .strip_prefix(')')
            .filter(|_| behind.len() < part.len())
        {
            Some(behind) => text.push_str(behind),
            None => {
                text.push_str(BEFORE);
                text.push_str(part);
            }
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_its_words() {
        let error = io::Error::from_raw_os_error(2);
        assert_eq!(describe(&error), "No such file or directory");
        assert_eq!(describe(&io::Error::other("x")), "x");
    }

    #[test]
    fn numbers_are_taken_out_wherever_they_stand_and_nothing_else_is() {
        for (message, without) in [
            ("a: b (os error 2)", "a: b"),
            (
                "a (os error 2); retrying (os error 13): b",
                "a; retrying: b",
            ),
            ("a (os error -5)", "a"),
            ("a (os error )", "a (os error )"),
            ("a (os error 2", "a (os error 2"),
            ("a (os error x)", "a (os error x)"),
            ("", ""),
        ] {
            assert_eq!(without_number(message), without);
        }
    }
}
