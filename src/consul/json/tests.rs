use super::*;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use crate::model::{Entry, Fields};

/// The longest element, in bytes.
const LONGEST: usize = 16 << 20;

fn entry(text: &[u8]) -> serde_json::Result<(Entry, usize)> {
    let (entry, len) = parse_entry(text)?;
    Ok((entry.pack(&mut Vec::new())?, len))
}

fn entries(json: &str) -> Result<Vec<Entry>, Fault> {
    let mut elements = Elements::new(json.as_bytes(), LONGEST);
    let mut all = Vec::new();
    while let Some(entry) = elements.next(entry)? {
        all.push(entry);
    }
    Ok(all)
}

const FULL: &str = r#"{"LockIndex":1,"Key":"a\"\u003c","Flags":18446744073709551615,"Value":"djE=","Session":"s","CreateIndex":142,"ModifyIndex":18446744073709551614,"Namespace":"x"}"#;
const EMPTY: &str =
    r#"{"LockIndex":0,"Key":"b","Flags":0,"Value":null,"CreateIndex":8,"ModifyIndex":9}"#;

#[test]
fn every_field_arrives_and_unknown_ones_are_ignored() {
    let all = entries(&format!("[{FULL},\n    {EMPTY} ]\n")).unwrap();
    assert_eq!(
        all[0].fields(),
        Fields {
            key: "a\"<",
            value: Some(b"v1"),
            flags: u64::MAX,
            created: 142,
            modified: u64::MAX - 1,
            locked: 1,
            session: Some("s"),
        }
    );
    assert_eq!(all[1].value(), b"");
    assert_eq!(all[1].session(), None);
    assert_eq!(all.len(), 2);
}

#[test]
fn an_empty_array_has_no_elements() {
    assert!(entries(" [ ] ").unwrap().is_empty());
}

#[test]
fn a_listing_that_is_cut_off_is_never_a_short_list() {
    let whole = format!("[{FULL},{EMPTY}]");
    for end in 0..whole.len() {
        if whole.is_char_boundary(end) {
            assert!(entries(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
    }
}

#[test]
fn what_stands_behind_the_array_is_not_overlooked() {
    assert!(matches!(
        entries(&format!("[{EMPTY}] x")),
        Err(Fault::Expected("the end of the answer"))
    ));
    assert!(matches!(
        entries(&format!("[{EMPTY} {EMPTY}]")),
        Err(Fault::Expected(_))
    ));
    assert!(matches!(
        entries("[1]"),
        Err(Fault::Expected("an object or a string"))
    ));
    assert!(matches!(
        entries("{}"),
        Err(Fault::Expected("a JSON array"))
    ));
}

#[test]
fn an_entry_that_lacks_its_key_or_index_or_has_no_base64_is_refused() {
    for (json, words) in [
        (
            r#"[{"Key":"a","Value":"%%%","ModifyIndex":1}]"#,
            "the value of a is not base64",
        ),
        (r#"[{"Value":null,"ModifyIndex":1}]"#, "missing field `Key`"),
        (r#"[{"Key":"a","ModifyIndex":1}]"#, "missing field `Value`"),
        (
            r#"[{"Key":"a","Value":"QQ==","Value":"QQ==","ModifyIndex":1}]"#,
            "duplicate field `Value`",
        ),
        (
            r#"[{"Key":"a","Value":null}]"#,
            "missing field `ModifyIndex`",
        ),
        (
            r#"[{"Key":"a","Flags":-1,"ModifyIndex":1}]"#,
            "invalid value",
        ),
        (r#"["a"]"#, "an entry"),
    ] {
        let Err(Fault::Json(error)) = entries(json) else {
            panic!("{json}");
        };
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// Text that comes in pieces of this size.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.1.min(buffer.len());
        self.0.read(&mut buffer[..size])
    }
}

#[test]
fn elements_are_found_in_whatever_pieces_they_come() {
    let json = format!("[ {FULL} ,\n{EMPTY},{FULL}]");
    for size in 1..json.len() {
        let mut elements = Elements::new(Pieces(json.as_bytes(), size), LONGEST);
        let mut keys = Vec::new();
        while let Some(entry) = elements.next(entry).unwrap() {
            keys.push(entry.key().to_owned());
        }
        assert_eq!(keys, ["a\"<", "b", "a\"<"], "{size}");
    }
}

#[test]
fn an_element_that_comes_byte_by_byte_is_not_parsed_for_each_byte() {
    for length in [3_000, 30_000, 300_000] {
        let value = "QUJD".repeat(length / 4);
        let json = format!("[{}]", EMPTY.replace("null", &format!("\"{value}\"")));
        let mut elements = Elements::new(Pieces(json.as_bytes(), 1), LONGEST);
        let mut parsed = 0;
        let found = elements.next(|text| {
            parsed += text.len();
            entry(text)
        });
        assert_eq!(found.unwrap().unwrap().value().len(), length / 4 * 3);
        assert!(elements.next(entry).unwrap().is_none());
        assert!(parsed < 12 * json.len(), "{parsed} of {}", json.len());
    }
}

#[test]
fn names_are_read_the_same_way() {
    let mut elements = Elements::new(&br#"["a/","b\n"]"#[..], LONGEST);
    let mut next = || elements.next(|text| parse::<String>(text)).unwrap();
    assert_eq!(next().as_deref(), Some("a/"));
    assert_eq!(next().as_deref(), Some("b\n"));
    assert_eq!(next(), None);
}

/// Keys and values as JSON, as they are and with every letter escaped.
fn spellings(key: &str, value: &str) -> [String; 2] {
    let plain = |text: &str| serde_json::to_string(text).unwrap();
    let escaped = |text: &str| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    };
    [(plain(key), plain(value)), (escaped(key), escaped(value))]
        .map(|(key, value)| format!(r#"{{"Key":{key},"Value":{value},"Flags":7,"ModifyIndex":1}}"#))
}

proptest! {
    #[test]
    fn a_value_left_in_base64_is_as_decoding_and_encoding_it_would_give_it(
        key in "\\PC{1,8}",
        value in prop::collection::vec(any::<u8>(), 0..40),
        change in prop::option::of((any::<prop::sample::Index>(), "[=A-D+/_\n\u{e9}]?[=]{0,2}")),
    ) {
        let mut base64: Vec<char> = STANDARD.encode(value).chars().collect();
        if let Some((place, text)) = change {
            let place = place.index(base64.len() + 1);
            let end = base64.len().min(place + text.chars().count());
            base64.splice(place..end, text.chars());
        }
        let base64 = String::from_iter(base64);
        for json in spellings(&key, &base64) {
            let raw = parse_entry(json.as_bytes()).unwrap().0;
            let encoded: Result<_, serde_json::Error> = raw.encoded();
            match (encoded, raw.pack::<serde_json::Error>(&mut Vec::new())) {
                (Ok(encoded), Ok(entry)) => {
                    prop_assert_eq!(encoded.key, entry.key());
                    prop_assert_eq!(encoded.flags, entry.flags());
                    let again = STANDARD.encode(entry.value());
                    prop_assert_eq!(encoded.base64, again.as_bytes());
                    prop_assert_eq!(encoded.value_len(), entry.value().len() as u64);
                }
                (Err(one), Err(other)) => prop_assert_eq!(one.to_string(), other.to_string()),
                (one, other) => prop_assert!(false, "{:?} {:?}", one, other),
            }
        }
    }

    #[test]
    fn the_scan_reads_what_the_parser_reads_or_leaves_it_to_the_parser(
        key in "\\PC{0,8}",
        value in prop::option::of("[A-Za-z=]{0,9}"),
        session in prop::option::of("[a-f-]{0,9}"),
        numbers in prop::array::uniform4(any::<u64>()),
        change in prop::option::of((any::<prop::sample::Index>(), "[\u{0}-\u{ff}]{0,3}")),
    ) {
        let entry = UsualEntry {
            lock_index: numbers[0],
            key: &key,
            flags: numbers[1],
            value: value.as_deref(),
            session: session.as_deref(),
            create_index: numbers[2],
            modify_index: numbers[3],
        };
        let mut json = serde_json::to_vec(&entry).unwrap();
        json.extend_from_slice(b",{}");
        if let Some((place, text)) = &change {
            let place = place.index(json.len());
            let end = json.len().min(place + text.len());
            json.splice(place..end, text.bytes());
        }
        if let Some(scanned) = scan::entry(&json) {
            prop_assert_eq!(scanned, parse(&json).unwrap());
        } else if change.is_none() {
            let is_usual = numbers.iter().all(|number| *number < 10_u64.pow(19))
                && !key.is_empty()
                && !key.contains(['"', '\\']);
            prop_assert!(!is_usual, "{}", String::from_utf8_lossy(&json));
        }
    }
}

proptest! {
    // A case is read byte by byte in a debug build.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_element_longer_than_the_buffer_is_found_in_pieces_of_any_size(
        length in 0..5 * BUFFER,
        size in 1..3 * BUFFER,
    ) {
        let [json, _] = spellings("k", &"A".repeat(length * 4));
        let json = format!("[{json},\n{json}]");
        let size = size.max(json.len() / 200);
        let mut elements = Elements::new(Pieces(json.as_bytes(), size), LONGEST);
        for _ in 0..2 {
            let found = elements.next(entry).unwrap().unwrap();
            prop_assert_eq!(found.value().len(), length * 3);
        }
        prop_assert!(elements.next(entry).unwrap().is_none());
        let mut cut = Elements::new(Pieces(&json.as_bytes()[..json.len() - 3], size), LONGEST);
        prop_assert!(cut.next(entry).unwrap().is_some());
        prop_assert!(matches!(cut.next(entry), Err(Fault::Cut)));
    }
}

/// An entry in the order of Consul's members.
#[derive(serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct UsualEntry<'a> {
    lock_index: u64,
    key: &'a str,
    flags: u64,
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    create_index: u64,
    modify_index: u64,
}
