//! What the targets of `fuzz/` call: the parsers of what others write. Compiled for fuzzing alone.
//! Each function takes any bytes; none of them may panic.

use std::io::{BufReader, Read};

use crate::agent::is_request_head;
use crate::args::address;
use crate::consul::read_entries;
use crate::model::{DocumentReader, Glob, Regex, parse_json, parse_lines};
use crate::state_file::is_state_file;

/// Gives what it has in small pieces.
struct SmallReads<'a>(&'a [u8]);

impl Read for SmallReads<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(3);
        self.0.read(&mut buffer[..length])
    }
}

/// A listing of Consul: it is the same however it arrives.
///
/// # Panics
/// When it is not.
pub fn answer(bytes: &[u8]) {
    assert_eq!(read_entries(bytes), read_entries(SmallReads(bytes)));
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

/// A state file.
pub fn state_file(bytes: &[u8]) {
    is_state_file(bytes);
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
    let text = String::from_utf8_lossy(bytes);
    let (pattern, rest) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(regex) = Regex::new(pattern) {
        regex.is_match(rest.as_bytes());
    }
    if let Ok(glob) = Glob::new(pattern) {
        glob.matches(rest);
    }
}

/// The head of a request to the embedded agent.
pub fn request_head(bytes: &[u8]) {
    is_request_head(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    /// What the parsers take: one of it is cut up and put together anew.
    const SEEDS: [&str; 12] = [
        r#"[{"LockIndex":0,"Key":"a/b","Flags":7,"Value":"djE=","CreateIndex":5,"ModifyIndex":6,"Session":"s"},{"Key":"é","Value":null}]"#,
        "set a 'b c'\ncas k 5 $'\\x41\\n'\n# no\ndelete-tree p/ --flags 3\n",
        r#"[{"op":"set","key":"a","value":"dg==","encoding":"base64"},{"KV":{"Verb":"set","Key":"a","Value":"dg=="}}]"#,
        r#"[{"key":"a","flags":0,"value":"djE="},{"key":"b","value":"x","encoding":"utf8","create_index":3}]"#,
        "{\"key\":\"a\",\"value\":\"djE=\",\"flags\":18446744073709551615}\n{\"key\":\"b\",\"value\":\"\"}\n",
        "kvw state 1\n",
        "http://u%20s:p%40w@h:8500/x,https://[::1]:8501,unix:///a,b,127.0.0.1:1",
        ":8500,consul.example:80/behind/proxy/,http://h/v1/kv",
        "a/**/{b,c}*[d-f]?\na/x/bye",
        "^(a|b)+[^c]{2,5}\\d$\naabb12",
        "GET /v1/kv/a?recurse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
        "PUT /v1/txn HTTP/1.0\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    ];

    const TARGETS: [fn(&[u8]); 8] = [
        answer,
        txn_lines,
        txn_json,
        document,
        state_file,
        addresses,
        patterns,
        request_head,
    ];

    /// A part of a seed, or bytes of any kind.
    fn part() -> impl Strategy<Value = Vec<u8>> {
        let of_seed = (0..SEEDS.len(), any::<(u8, u8)>()).prop_map(|(seed, (start, length))| {
            let bytes = SEEDS[seed].as_bytes();
            let start = usize::from(start) % bytes.len();
            let end = bytes.len().min(start + usize::from(length));
            bytes[start..end].to_vec()
        });
        let whole = (0..SEEDS.len()).prop_map(|seed| SEEDS[seed].as_bytes().to_vec());
        let sign = prop::sample::select(&b"{}[]\",:\\\0\n\r' -%@/0\xff\xc3"[..]);
        prop_oneof![
            4 => of_seed,
            2 => whole,
            3 => vec(sign, 1..4),
            1 => vec(any::<u8>(), 0..20),
        ]
    }

    /// `KVW_FUZZ_CASES` asks for a longer run.
    fn config() -> ProptestConfig {
        let cases = std::env::var("KVW_FUZZ_CASES").ok();
        ProptestConfig {
            cases: cases.map_or(2000, |cases| cases.parse().unwrap()),
            failure_persistence: None,
            ..ProptestConfig::default()
        }
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn no_bytes_are_fatal_to_a_parser(parts in vec(part(), 1..5)) {
            let bytes = parts.concat();
            for target in TARGETS {
                target(&bytes);
            }
        }
    }
}
