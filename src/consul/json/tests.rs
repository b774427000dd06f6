use super::*;
use std::marker::PhantomData;

fn entries(json: &str) -> Result<Vec<Entry>, Fault> {
    let mut elements = Elements::new(json.as_bytes());
    let mut reader = EntryReader::default();
    let mut all = Vec::new();
    while let Some(entry) = elements.next(&mut reader)? {
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

#[test]
fn elements_are_found_in_whatever_pieces_they_come() {
    let json = format!("[ {FULL} ,\n{EMPTY},{FULL}]");
    for size in 1..json.len() {
        let pieces = io::BufReader::with_capacity(size, json.as_bytes());
        let mut elements = Elements::new(pieces);
        let mut reader = EntryReader::default();
        let mut keys = Vec::new();
        while let Some(entry) = elements.next(&mut reader).unwrap() {
            keys.push(entry.key().to_owned());
        }
        assert_eq!(keys, ["a\"<", "b", "a\"<"], "{size}");
    }
}

#[test]
fn names_are_read_the_same_way() {
    let mut elements = Elements::new(&br#"["a/","b\n"]"#[..]);
    let mut next = || elements.next(PhantomData::<String>).unwrap();
    assert_eq!(next().as_deref(), Some("a/"));
    assert_eq!(next().as_deref(), Some("b\n"));
    assert_eq!(next(), None);
}
