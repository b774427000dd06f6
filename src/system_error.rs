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

/// Takes the numbers of system errors out of a message. Only where the words of that error stand before
/// it: a key may be called anything.
pub fn without_number(message: &str) -> Cow<'_, str> {
    let Some((first, rest)) = message.split_once(BEFORE) else {
        return Cow::Borrowed(message);
    };
    let mut text = first.to_owned();
    for part in rest.split(BEFORE) {
        let behind = part.split_once(')').and_then(|(number, behind)| {
            let number = number.parse().ok()?;
            ends_in_words_of(&text, number).then_some(behind)
        });
        match behind {
            Some(behind) => text.push_str(behind),
            None => {
                text.push_str(BEFORE);
                text.push_str(part);
            }
        }
    }
    Cow::Owned(text)
}

/// Whether a text ends in what the system says of an error.
fn ends_in_words_of(text: &str, number: i32) -> bool {
    let whole = io::Error::from_raw_os_error(number).to_string();
    let words = whole.strip_suffix(&format!("{BEFORE}{number})"));
    words.is_some_and(|words| text.ends_with(words))
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
            (
                "a: No such file or directory (os error 2)",
                "a: No such file or directory",
            ),
            (
                "a: No such file or directory (os error 2); retrying: Permission denied (os error 13): b",
                "a: No such file or directory; retrying: Permission denied: b",
            ),
            ("a (os error )", "a (os error )"),
            ("a (os error 2", "a (os error 2"),
            ("a (os error x)", "a (os error x)"),
            ("", ""),
        ] {
            assert_eq!(without_number(message), without);
        }
        let unknown = io::Error::from_raw_os_error(-5).to_string();
        assert!(!without_number(&unknown).contains("os error"), "{unknown}");
    }

    #[test]
    fn a_name_that_looks_like_one_is_left_as_it_is() {
        for message in [
            "key a (os error 2) does not exist",
            "a: Permission denied (os error 2)",
            "(os error 2) (os error 13)",
        ] {
            assert_eq!(without_number(message), message);
        }
    }
}
