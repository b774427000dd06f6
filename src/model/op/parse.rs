//! Operations as lines of shell words.

use super::words::{self, Word, WordLine};
use super::{Draft, Op, Verb};
use crate::model::{Index, Invalid, decode_base64};

/// Reads the file of an `@FILE` value; the error names it.
pub type ReadFile<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// Parses an operation in words that are quoted as in bash. Errors have no place.
pub fn parse(
    text: &str,
    read: &mut ReadFile<'_>,
    warnings: &mut Vec<String>,
) -> Result<Op, Invalid> {
    let lines = words::split(text).map_err(|error| invalid(error.what))?;
    // On a command line, a line break between words is a space.
    let words = lines.into_iter().flat_map(|line| line.words).collect();
    parse_words(text, words, read, warnings)
}

/// Parses one operation per line, skipping empty lines and comments (`# …`). Within quotes a line may
/// break. Errors and warnings name the line.
pub fn parse_lines(
    text: &[u8],
    read: &mut ReadFile<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Op>, Invalid> {
    let place = |number: usize, what| Invalid::new(format!("line {number}"), what);
    let text = std::str::from_utf8(text).map_err(|error| {
        let before = &text[..error.valid_up_to()];
        let number = before.split(|byte| *byte == b'\n').count();
        place(number, "not UTF-8".to_owned())
    })?;
    let lines = words::split(text).map_err(|error| place(error.line, error.what))?;
    let mut ops = Vec::new();
    for WordLine { number, words } in lines {
        let mut found = Vec::new();
        let op = parse_words(text, words, read, &mut found);
        ops.push(op.map_err(|error| place(number, error.what))?);
        warnings.extend(found.iter().map(|what| format!("line {number}: {what}")));
    }
    Ok(ops)
}

/// Parses the words of an operation, which stand in `text`.
fn parse_words(
    text: &str,
    words: Vec<Word>,
    read: &mut ReadFile<'_>,
    warnings: &mut Vec<String>,
) -> Result<Op, Invalid> {
    let lost_quotes = quoted_form(text, &words);
    let mut words = words.into_iter().map(|word| word.bytes);
    let verb = words
        .next()
        .ok_or_else(|| invalid("an operation is missing"))?;
    let verb = Verb::from_name(&utf8("the operation", verb)?)?;
    let (words, options) = split_options(verb, words)?;
    let mut words = words.into_iter();
    let mut draft = Draft::new(verb);
    draft.name = words.next().map(|word| utf8("a key", word)).transpose()?;
    draft.flags = options.flags;
    if verb.has_index() {
        let word = words
            .next()
            .map(|word| utf8("an index", word))
            .transpose()?;
        draft.index = word.as_deref().map(index).transpose()?;
    }
    if verb.has_session() {
        draft.session = words
            .next()
            .map(|word| utf8("a session", word))
            .transpose()?;
    }
    if verb.has_value() {
        let value = words.next().map(|word| options.value(word, read));
        draft.value = value.transpose()?;
    }
    if let Some(word) = words.next() {
        let word = String::from_utf8_lossy(&word).into_owned();
        let what = format!("{} does not take '{word}'", verb.name());
        return Err(invalid(match lost_quotes {
            Some(form) => format!("{what}: quote JSON as a whole: {form}"),
            None => what,
        }));
    }
    if let Some(form) = lost_quotes {
        warnings.push(format!(
            "JSON without its quotes: quote it as a whole: {form}"
        ));
    }
    draft.finish()
}

/// The most characters of a line in a message.
const MAX_SHOWN: usize = 60;

/// Returns the operation with its JSON in quotes, if that lost the ones within.
fn quoted_form(text: &str, words: &[Word]) -> Option<String> {
    let at = words.iter().position(|word| word.lost_quotes)?;
    let (first, last) = (words.first()?, words.last()?);
    let before = text[first.start..words[at].start].trim_end();
    let json = &text[words[at].start..last.end];
    let unquoted = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    let json = unquoted.unwrap_or(json).replace('\'', "'\\''");
    Some(match json.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{before} '{}…'", &json[..end]),
        None => format!("{before} '{json}'"),
    })
}

fn utf8(kind: &str, word: Vec<u8>) -> Result<String, Invalid> {
    String::from_utf8(word).map_err(|_| invalid(format!("{kind} must be UTF-8")))
}

/// The options of an operation with a value.
#[derive(Default)]
struct ValueOptions {
    literal: bool,
    base64: bool,
    flags: Option<u64>,
}

impl ValueOptions {
    fn value(&self, word: Vec<u8>, read: &mut ReadFile<'_>) -> Result<Vec<u8>, Invalid> {
        let bytes = match word.strip_prefix(b"@") {
            Some(path) if !self.literal => {
                read(&utf8("the name of a file", path.to_owned())?).map_err(invalid)?
            }
            _ if word == b"-" && !self.literal => {
                return Err(invalid(
                    "an operation's value cannot be read from stdin (--literal takes '-' itself)",
                ));
            }
            _ => word,
        };
        if self.base64 {
            return decode_base64(&bytes).map_err(invalid);
        }
        Ok(bytes)
    }
}

/// Splits off the options, which may stand anywhere before a `--`; a word with a single dash is none.
fn split_options(
    verb: Verb,
    words: impl Iterator<Item = Vec<u8>>,
) -> Result<(Vec<Vec<u8>>, ValueOptions), Invalid> {
    let (mut plain, mut found) = (Vec::new(), ValueOptions::default());
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        if !word.starts_with(b"--") {
            plain.push(word);
            continue;
        }
        if word == b"--" {
            plain.extend(words);
            break;
        }
        let word = utf8("an option", word)?;
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        match (name, value) {
            ("--literal", None) if verb.has_value() => found.literal = true,
            ("--base64", None) if verb.has_value() => found.base64 = true,
            ("--flags", value) if verb.has_value() => {
                let next = || words.next().and_then(|word| String::from_utf8(word).ok());
                let number = value.or_else(next).unwrap_or_default();
                let number = number.parse().map_err(|_| {
                    invalid(format!("--flags needs a number from 0 to {}", u64::MAX))
                })?;
                found.flags = Some(number);
            }
            _ => {
                let verb = verb.name();
                return Err(invalid(format!(
                    "{verb} has no option {name} (put '--' before a word that starts with --)"
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
mod tests;
