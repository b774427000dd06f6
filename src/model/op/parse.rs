//! Operations as lines of shell words.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Draft, Op, Verb};
use crate::model::{Index, Invalid};

/// Reads the file of an `@FILE` value; the error is a phrase that names it.
pub type ReadFile<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// One operation in shell words. An error has no place.
pub fn parse(text: &str, read: &mut ReadFile<'_>) -> Result<Op, Invalid> {
    let words = shlex::split(text).ok_or_else(|| invalid("a quote is not closed"))?;
    let mut words = words.into_iter();
    let verb = words
        .next()
        .ok_or_else(|| invalid("an operation is missing"))?;
    let verb = Verb::named(&verb)?;
    let (words, flags) = split_flags(verb, words)?;
    let mut words = words.into_iter();
    let mut draft = Draft::new(verb);
    draft.name = words.next();
    draft.flags = flags.flags;
    if verb.has_index() {
        draft.index = words.next().as_deref().map(index).transpose()?;
    }
    if verb.has_session() {
        draft.session = words.next();
    }
    if verb.has_value() {
        let value = words.next().map(|word| flags.value(word, read));
        draft.value = value.transpose()?;
    }
    if let Some(word) = words.next() {
        let what = format!("{} does not take '{word}'", verb.name());
        return Err(invalid(what));
    }
    draft.finish()
}

/// One operation a line; empty lines and comments (`# …`) are none. Errors name the line.
pub fn parse_lines(text: &[u8], read: &mut ReadFile<'_>) -> Result<Vec<Op>, Invalid> {
    let mut ops = Vec::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let place = |what: String| Invalid::new(format!("line {}", number + 1), what);
        let line = std::str::from_utf8(line).map_err(|_| place("not UTF-8".to_owned()))?;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        ops.push(parse(line, read).map_err(|error| place(error.what))?);
    }
    Ok(ops)
}

/// Base64 as people have it: with or without padding, broken into lines or not.
pub fn decode_base64(text: &[u8]) -> Result<Vec<u8>, Invalid> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    LENIENT.decode(text).map_err(|error| {
        let what = error.to_string();
        let what = what.trim_end_matches('.');
        let (first, rest) = what.split_at(1);
        invalid(format!("not base64: {}{rest}", first.to_lowercase()))
    })
}

#[derive(Default)]
struct Flags {
    literal: bool,
    base64: bool,
    flags: Option<u64>,
}

impl Flags {
    fn value(&self, word: String, read: &mut ReadFile<'_>) -> Result<Vec<u8>, Invalid> {
        let bytes = match word.strip_prefix('@') {
            Some(path) if !self.literal => read(path).map_err(invalid)?,
            _ if word == "-" && !self.literal => {
                return Err(invalid(
                    "an operation's value does not come from stdin (--literal takes '-' itself)",
                ));
            }
            _ => word.into_bytes(),
        };
        if self.base64 {
            return decode_base64(&bytes);
        }
        Ok(bytes)
    }
}

/// Takes the flags out. They may stand anywhere up to a `--`; a single dash begins a value.
fn split_flags(
    verb: Verb,
    words: impl Iterator<Item = String>,
) -> Result<(Vec<String>, Flags), Invalid> {
    let (mut plain, mut found) = (Vec::new(), Flags::default());
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        if !word.starts_with("--") {
            plain.push(word);
            continue;
        }
        if word == "--" {
            plain.extend(words);
            break;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        match (name, value) {
            ("--literal", None) if verb.has_value() => found.literal = true,
            ("--base64", None) if verb.has_value() => found.base64 = true,
            ("--flags", value) if verb.has_value() => {
                let number = value.or_else(|| words.next()).unwrap_or_default();
                let number = number.parse().map_err(|_| {
                    invalid(format!("--flags needs a number from 0 to {}", u64::MAX))
                })?;
                found.flags = Some(number);
            }
            _ => {
                let verb = verb.name();
                return Err(invalid(format!(
                    "{verb} has no flag {name} ('--' goes before a word that begins with --)"
                )));
            }
        }
    }
    Ok((plain, found))
}

fn index(word: &str) -> Result<Index, Invalid> {
    let number = word.parse();
    number
        .map(Index)
        .map_err(|_| invalid(format!("'{word}' is not an index")))
}

fn invalid(what: impl Into<String>) -> Invalid {
    Invalid::new("", what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Key, Prefix};

    fn op(text: &str) -> Result<Op, String> {
        parse(text, &mut |path| match path {
            "file" => Ok(b"\xffcontent\n".to_vec()),
            path => Err(format!("cannot read {path}")),
        })
        .map_err(|error| error.to_string())
    }

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    fn set(name: &str, value: &[u8], flags: u64) -> Op {
        Op::Set {
            key: key(name),
            value: value.to_vec(),
            flags,
        }
    }

    #[test]
    fn every_verb_has_a_line_form() {
        let session = || "s".to_owned();
        let (a, value, flags) = (|| key("a"), || b"v".to_vec(), 0);
        let table = [
            ("set a v", set("a", b"v", 0)),
            (
                "cas a 7 v",
                Op::Cas {
                    key: a(),
                    value: value(),
                    flags,
                    index: Index(7),
                },
            ),
            (
                "create a v",
                Op::Cas {
                    key: a(),
                    value: value(),
                    flags,
                    index: Index(0),
                },
            ),
            ("get a", Op::Get { key: a() }),
            ("get-or-empty a", Op::GetOrEmpty { key: a() }),
            (
                "get-tree a/",
                Op::GetTree {
                    prefix: Prefix::new("a/"),
                },
            ),
            (
                "check a 7",
                Op::CheckIndex {
                    key: a(),
                    index: Index(7),
                },
            ),
            ("check-absent a", Op::CheckNotExists { key: a() }),
            (
                "check-session a ''",
                Op::CheckSession {
                    key: a(),
                    session: String::new(),
                },
            ),
            (
                "lock a s v",
                Op::Lock {
                    key: a(),
                    value: value(),
                    flags,
                    session: session(),
                },
            ),
            (
                "unlock a s v",
                Op::Unlock {
                    key: a(),
                    value: value(),
                    flags,
                    session: session(),
                },
            ),
            ("delete a", Op::Delete { key: a() }),
            (
                "delete-tree ''",
                Op::DeleteTree {
                    prefix: Prefix::new(""),
                },
            ),
            (
                "delete-cas a 7",
                Op::DeleteCas {
                    key: a(),
                    index: Index(7),
                },
            ),
        ];
        for (text, expected) in table {
            assert_eq!(op(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn the_text_of_an_operation_is_its_line_without_the_value() {
        for (text, shown) in [
            ("set 'a b' secret", "set 'a b'"),
            ("cas a 7 secret", "cas a 7"),
            ("create a secret", "create a"),
            ("lock a s secret", "lock a s"),
            ("check-session a ''", "check-session a ''"),
            ("delete-tree a/", "delete-tree a/"),
        ] {
            assert_eq!(op(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn words_are_quoted_as_in_a_shell() {
        assert_eq!(op(r#"set "a b" 'it''s'"#), Ok(set("a b", b"its", 0)));
        assert_eq!(op("set a ''"), Ok(set("a", b"", 0)));
        assert_eq!(op("set a 'b"), Err("a quote is not closed".to_owned()));
    }

    #[test]
    fn a_value_may_come_from_a_file_and_in_base64() {
        assert_eq!(op("set a @file"), Ok(set("a", b"\xffcontent\n", 0)));
        assert_eq!(op("set a --literal @file"), Ok(set("a", b"@file", 0)));
        assert_eq!(op("set --base64 a /wA"), Ok(set("a", b"\xff\x00", 0)));
        assert_eq!(op("set a @none"), Err("cannot read none".to_owned()));
        assert!(
            op("set a --base64 '!!'")
                .unwrap_err()
                .starts_with("not base64: ")
        );
    }

    #[test]
    fn flags_stand_anywhere_before_a_double_dash() {
        assert_eq!(op("set a v --flags 7"), Ok(set("a", b"v", 7)));
        assert_eq!(
            op("set --flags=18446744073709551615 a v"),
            Ok(set("a", b"v", u64::MAX))
        );
        assert_eq!(op("set a -5"), Ok(set("a", b"-5", 0)));
        assert_eq!(op("set a -- --flags"), Ok(set("a", b"--flags", 0)));
    }

    #[test]
    fn what_is_missing_or_too_much_is_named() {
        for (text, error) in [
            ("set", "set needs a key"),
            ("set a", "set needs a value"),
            ("cas a v", "'v' is not an index"),
            ("cas a 7", "cas needs a value"),
            ("check a", "check needs an index"),
            ("lock a s", "lock needs a value"),
            ("set a v w", "set does not take 'w'"),
            ("get ''", "a key cannot be empty"),
            (
                "set a v --flags x",
                "--flags needs a number from 0 to 18446744073709551615",
            ),
            (
                "set a -",
                "an operation's value does not come from stdin (--literal takes '-' itself)",
            ),
            (
                "get a --flags 1",
                "get has no flag --flags ('--' goes before a word that begins with --)",
            ),
        ] {
            assert_eq!(op(text), Err(error.to_owned()), "{text}");
        }
        assert!(
            op("put a b")
                .unwrap_err()
                .starts_with("unknown operation 'put' (known: set, ")
        );
    }

    #[test]
    fn lines_are_numbered_and_comments_are_none() {
        let mut read = |_: &str| unreachable!();
        let ops = parse_lines(b"# two\nset a 1\n\n  get a\r\n", &mut read).unwrap();
        assert_eq!(ops, [set("a", b"1", 0), Op::Get { key: key("a") }]);
        let error = parse_lines(b"set a 1\n\nset b\n", &mut read).unwrap_err();
        assert_eq!(error.to_string(), "line 3: set needs a value");
        let error = parse_lines(b"set a \xff\n", &mut read).unwrap_err();
        assert_eq!(error.to_string(), "line 1: not UTF-8");
    }

    #[test]
    fn base64_is_taken_with_line_breaks_and_without_padding() {
        for text in ["aGVsbG8=", "aGVsbG8", "aGVs\nbG8=\n"] {
            assert_eq!(decode_base64(text.as_bytes()).unwrap(), b"hello");
        }
        assert!(decode_base64(b"aGVsbG8gd29ybGQ!!").is_err());
    }
}
