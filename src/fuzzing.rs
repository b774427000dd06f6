//! What the targets of `fuzz/` call: the parsers of what others write, the agent's HTTP, and the agent's store
//! against a second account of its rules. Compiled for fuzzing and tests alone. Each function takes any bytes; none of
//! them may panic.

use std::io::{BufReader, Read};
use std::path::Path;

use crate::agent::{answers_to, compare_with_reference};
use crate::args::address;
use crate::commands::wait;
use crate::consul::{is_txn_answer, read_entries};
use crate::model::{DocumentReader, Entry, Fields, Glob, Regex, parse_json, parse_lines};
use crate::plan::{SavedPlan, UndoDocument};
use crate::sources::{self, ListPolicy, NullPolicy, SourceFormat, SourceOptions};
use crate::state_file::{is_state_file, with_sums};

/// The most bytes of a target whose time is not that of kvw: expressions and globs are compiled.
const SHORT: usize = 512;

/// Gives what it has in small pieces.
struct SmallReads<'a>(&'a [u8]);

impl Read for SmallReads<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(3);
        self.0.read(&mut buffer[..length])
    }
}

/// A listing of Consul: it is the same however it arrives. The answer to a transaction.
///
/// # Panics
/// When it is not.
pub fn answer(bytes: &[u8]) {
    assert_eq!(read_entries(bytes), read_entries(SmallReads(bytes)));
    is_txn_answer(bytes);
}

/// Operations of a transaction as lines. No file is read.
pub fn txn_lines(bytes: &[u8]) {
    let mut no_file = |_: &str| Err("no file".to_owned());
    // What is refused is refused in words.
    let _ = parse_lines(bytes, &mut no_file, &mut Vec::new());
}

/// Operations of a transaction as JSON, kvw's or Consul's.
pub fn txn_json(bytes: &[u8]) {
    let _ = parse_json(bytes);
}

/// A document that is imported: it is the same however it arrives.
///
/// # Panics
/// When it is not.
pub fn document(bytes: &[u8]) {
    let whole = DocumentReader::new(bytes).take_while(Result::is_ok);
    let pieces = BufReader::with_capacity(3, SmallReads(bytes));
    let pieces = DocumentReader::new(pieces).take_while(Result::is_ok);
    assert_eq!(whole.count(), pieces.count());
}

/// A file that says what keys should be; its first byte is its format, the second what is chosen about it.
///
/// # Panics
/// When a key is desired twice.
pub fn source(bytes: &[u8]) {
    // All but a directory, which is no text.
    let [_, formats @ ..] = &SourceFormat::ALL;
    let [format, chosen, text @ ..] = bytes else {
        return;
    };
    let options = SourceOptions {
        folders: chosen & 1 == 1,
        null: [
            None,
            Some(NullPolicy::Empty),
            Some(NullPolicy::Skip),
            Some(NullPolicy::Delete),
        ][usize::from(chosen >> 1 & 3)],
        list: match chosen >> 3 & 3 {
            0 => None,
            1 => Some(ListPolicy::Index),
            2 => Some(ListPolicy::Json),
            _ => Some(ListPolicy::Join(",".to_owned())),
        },
        split: (chosen >> 5 & 1 == 1).then(|| "_".to_owned()),
        ..SourceOptions::default()
    };
    let format = formats[usize::from(*format) % formats.len()];
    let Ok(desired) = sources::parse(format, text, Path::new("file"), &options) else {
        return;
    };
    let mut keys: Vec<_> = desired.iter().map(|desired| &desired.key).collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
}

/// A state file, as it is and as one whose sums are right.
///
/// # Panics
/// When a file that is right but for its records is said to be foreign.
pub fn state_file(bytes: &[u8]) {
    is_state_file(bytes);
    is_state_file(&with_sums(bytes));
}

/// A saved plan, and a file of what undoes one.
pub fn plan_file(bytes: &[u8]) {
    let _ = SavedPlan::parse(bytes);
    let _ = UndoDocument::parse(bytes);
}

/// A list of addresses. What is shown of one can be parsed again.
///
/// # Panics
/// When it cannot.
pub fn addresses(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for part in address::split(text).into_iter().flatten() {
        if let Ok((parsed, _)) = address::parse(part) {
            let again = address::parse(&parsed.to_string());
            assert_eq!(again.map(|(again, _)| again), Ok(parsed));
        }
    }
}

/// The patterns of conditions and filters: the first line is one, the rest what it is matched with.
pub fn patterns(bytes: &[u8]) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHORT)]);
    let (pattern, rest) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(regex) = Regex::new(pattern) {
        regex.is_match(rest.as_bytes());
    }
    if let Ok(glob) = Glob::new(pattern) {
        glob.matches(rest);
    }
}

/// The conditions of `wait`: the first line is the value of each key, the others are its arguments.
///
/// # Panics
/// When what a set says does not follow from its conditions.
pub fn conditions(bytes: &[u8]) {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHORT)]);
    let (value, args) = text.split_once('\n').unwrap_or((&text, ""));
    let Some(set) = wait::conditions(args.split('\n')) else {
        return;
    };
    assert!(!set.to_string().is_empty());
    assert!(
        !set.unmet(|_| None).is_empty(),
        "{set}: a key that was not read meets none"
    );
    for present in [true, false] {
        let entries: Vec<_> = set
            .keys()
            .into_iter()
            .map(|key| {
                let fields = Fields {
                    key: key.as_str(),
                    value: Some(value.as_bytes()),
                    modified: 7,
                    ..Fields::default()
                };
                (key.clone(), present.then(|| Entry::pack(&fields)))
            })
            .collect();
        let unmet = set.unmet(|asked| {
            let (_, entry) = entries.iter().find(|(key, _)| key == asked)?;
            Some(entry.as_ref())
        });
        let holds = set.hold(|key| {
            let found = entries.iter().find(|(other, _)| other == key);
            found.and_then(|(_, entry)| entry.as_ref())
        });
        let met = if set.is_any() {
            holds.contains(&true)
        } else {
            !holds.contains(&false)
        };
        assert_eq!(unmet.is_empty(), met, "{set}: {unmet:?}");
    }
}

/// Requests to the embedded agent, one after another on a connection: each answer is one of HTTP.
///
/// # Panics
/// When it is not.
pub fn agent_http(bytes: &[u8]) {
    // A query that blocks would wait for its time to be over.
    let decoded: Vec<u8> = percent_encoding::percent_decode(bytes).collect();
    if decoded
        .windows(19)
        .any(|digits| digits.iter().all(u8::is_ascii_digit))
    {
        return;
    }
    let answers = answers_to(bytes);
    let with_heads = bytes.windows(4).any(|word| word == b"HEAD");
    let mut left = &*answers;
    while !left.is_empty() {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut answer = httparse::Response::new(&mut headers);
        let shown = || String::from_utf8_lossy(left).into_owned();
        let Ok(httparse::Status::Complete(head)) = answer.parse(left) else {
            panic!("no answer: {}", shown());
        };
        let status = answer.code.unwrap_or_default();
        let length = answer
            .headers
            .iter()
            .find(|header| header.name == "Content-Length");
        let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
        let length: usize = match (status, length) {
            (100, None) => 0,
            (200..=599, Some(length)) => length,
            _ => panic!("no status or no length: {}", shown()),
        };
        // Which of several answers is that to HEAD, without its body, is not known here.
        if with_heads {
            return;
        }
        left = left[head..]
            .get(length..)
            .unwrap_or_else(|| panic!("too short: {}", shown()));
    }
}

/// Steps of the embedded agent's store and of a second account of its rules.
///
/// # Panics
/// When they differ.
pub fn agent_store(bytes: &[u8]) {
    compare_with_reference(bytes);
}

#[cfg(test)]
mod tests;
