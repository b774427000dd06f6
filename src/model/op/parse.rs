//! Operations as lines of shell words.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Draft, Op, Verb};
use crate::model::{Index, Invalid};

/// Reads the file of an `@FILE` value; the error names it.
pub type ReadFile<'a> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'a;

/// Parses an operation in shell words. Errors have no place.
pub fn parse(text: &str, read: &mut ReadFile<'_>) -> Result<Op, Invalid> {
    let words = shlex::split(text).ok_or_else(|| invalid("a quote is not closed"))?;
    let mut words = words.into_iter();
    let verb = words
        .next()
        .ok_or_else(|| invalid("an operation is missing"))?;
    let verb = Verb::from_name(&verb)?;
    let (words, options) = split_options(verb, words)?;
    let mut words = words.into_iter();
    let mut draft = Draft::new(verb);
    draft.name = words.next();
    draft.flags = options.flags;
    if verb.has_index() {
        draft.index = words.next().as_deref().map(index).transpose()?;
    }
    if verb.has_session() {
        draft.session = words.next();
    }
    if verb.has_value() {
        let value = words.next().map(|word| options.value(word, read));
        draft.value = value.transpose()?;
    }
    if let Some(word) = words.next() {
        let what = format!("{} does not take '{word}'", verb.name());
        return Err(invalid(what));
    }
    draft.finish()
}

/// Parses one operation per line, skipping empty lines and comments (`# …`). Errors name the line.
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

/// Decodes base64 with or without padding and line breaks.
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

/// The options of an operation with a value.
#[derive(Default)]
struct ValueOptions {
    literal: bool,
    base64: bool,
    flags: Option<u64>,
}

impl ValueOptions {
    fn value(&self, word: String, read: &mut ReadFile<'_>) -> Result<Vec<u8>, Invalid> {
        let bytes = match word.strip_prefix('@') {
            Some(path) if !self.literal => read(path).map_err(invalid)?,
            _ if word == "-" && !self.literal => {
                return Err(invalid(
                    "an operation's value cannot be read from stdin (--literal takes '-' itself)",
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

/// Splits off the options, which may stand anywhere before a `--`; a word with a single dash is none.
fn split_options(
    verb: Verb,
    words: impl Iterator<Item = String>,
) -> Result<(Vec<String>, ValueOptions), Invalid> {
    let (mut plain, mut found) = (Vec::new(), ValueOptions::default());
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
