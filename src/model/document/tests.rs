//! Documents, well formed and not.

use super::*;

fn read(document: &str) -> Result<Vec<Exported>, Invalid> {
    DocumentReader::new(document.as_bytes()).collect()
}

fn read_error(document: &str) -> String {
    read(document).unwrap_err().to_string()
}

fn entry(key: &str, flags: u64, value: &[u8]) -> Exported {
    Exported {
        key: key.to_owned(),
        flags,
        value: value.to_vec(),
        ..Exported::default()
    }
}

#[test]
fn what_consul_exports_is_read() {
    let document = "[\n\t{\n\t\t\"key\": \"d/b\",\n\t\t\"flags\": 18446744073709551615,\n\t\t\
                    \"value\": \"eCB5\"\n\t},\n\t{\n\t\t\"key\": \"d/c\",\n\t\t\"flags\": 0,\n\t\t\
                    \"value\": \"\"\n\t}\n]\n";
    assert_eq!(
        read(document).unwrap(),
        [entry("d/b", u64::MAX, b"x y"), entry("d/c", 0, b"")]
    );
}

#[test]
fn an_empty_array_has_no_entries() {
    assert_eq!(read(" [ ] \n").unwrap(), []);
}

#[test]
fn only_the_key_is_needed_and_unknown_members_are_collected() {
    let document = r#"[{"KEY":"a","Note":{"x":[1]},"value":null,"lock_index":0},{"key":"b"}]"#;
    let mut reader = DocumentReader::new(document.as_bytes());
    let entries = reader.by_ref().collect::<Result<Vec<_>, _>>();
    assert_eq!(entries.unwrap(), [entry("a", 0, b""), entry("b", 0, b"")]);
    assert_eq!(
        reader.unknown_members().iter().collect::<Vec<_>>(),
        ["note"]
    );
}

#[test]
fn namespace_and_partition_are_read() {
    let document = r#"[{"key":"a","Namespace":"n","partition":"p"},{"key":"b","namespace":null}]"#;
    let expected = Exported {
        namespace: Some("n".to_owned()),
        partition: Some("p".to_owned()),
        ..entry("a", 0, b"")
    };
    assert_eq!(read(document).unwrap(), [expected, entry("b", 0, b"")]);
}

#[test]
fn a_byte_order_mark_and_line_breaks_in_base64_are_accepted() {
    let document = "\u{feff}[{\"key\":\"a\",\"value\":\"aGVs\\nbG8=\\n\"}]";
    assert_eq!(read(document).unwrap(), [entry("a", 0, b"hello")]);
    let lines = "\u{feff}{\"key\":\"a\"}\n{\"key\":\"b\"}";
    assert_eq!(read(lines).unwrap().len(), 2);
    assert_eq!(read_error("\u{feff}"), "the document is empty");
}

#[test]
fn what_is_no_document_is_named_as_what_it_is() {
    let bytes = b"\xff\xfe[\0]\0";
    let error = DocumentReader::new(&bytes[..]).next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the document is UTF-16 text; convert it: iconv -f UTF-16 -t UTF-8"
    );
    for object in [r#"{"a":"b"}"#, "{\n\"a/b\": {\"c\": 1}, \"d\": null}"] {
        let error = read_error(object);
        assert!(
            error.starts_with("the document is an object of names and values; convert it: jq "),
            "{error}"
        );
    }
    for object in [r#"{"value":"b"}"#, r#"{"a":1,"flags":2}"#] {
        assert_eq!(
            read_error(object),
            "entry 1, line 1 column 1: it has no key"
        );
    }
    assert_eq!(
        read_error(r#"[{"a":"b"}]"#),
        "entry 1, line 1 column 2: it has no key"
    );
}

#[test]
fn faults_name_line_and_column() {
    for (document, place) in [
        (
            "[\n  {\"key\": \"a\"},\n  {\"key\" 1}\n]",
            "entry 2, line 3 column 10: ",
        ),
        (
            "[\n  {\"key\": \"a\"},\n  {\n\"key\": \"b\",\n  x}]",
            "entry 2, line 5 column 3, key b: ",
        ),
        ("[{\"key\":\"a\"}, 7]", "entry 2, line 1 column 15: "),
        (
            "[\n{\"key\":\"a\"}\n{\"key\":\"b\"}]",
            "entry 1, line 3 column 1: ",
        ),
        ("[]\n x", "line 2 column 2: something follows"),
        ("\u{feff}[{\"key\":1}]", "entry 1, line 1 column 2: "),
    ] {
        let error = read_error(document);
        assert!(error.starts_with(place), "{document}: {error}");
    }
}

#[test]
fn entries_of_kvw_are_read_as_an_array_and_as_lines() {
    let a = r#"{"key":"a","value":"dGV4dA==","encoding":"utf8","flags":7,"modify_index":3}"#;
    let b = r#"{"key":"b","value":"/w==","encoding":"base64","flags":0}"#;
    let expected = [entry("a", 7, b"dGV4dA=="), entry("b", 0, b"\xff")];
    assert_eq!(read(&format!("[\n{a},\n{b}\n]\n")).unwrap(), expected);
    assert_eq!(read(&format!("{a}\n\n{b}\n")).unwrap(), expected);
    assert_eq!(read(&format!("{a}{b}")).unwrap(), expected);
    for (document, words) in [
        (
            format!("{a}\n{{\"key\":"),
            "entry 2, line 2 column 7: the document ends in the middle",
        ),
        (
            format!("{a}\n7"),
            "entry 1, line 2 column 1: expected an entry behind it",
        ),
        (
            r#"{"key":"a","value":null,"encoding":null}"#.into(),
            "entry 1, line 1 column 1, key a: its value is not known",
        ),
        (
            r#"{"key":"a","value":"","encoding":"hex"}"#.into(),
            "entry 1, line 1 column 1, key a: unknown encoding 'hex'",
        ),
    ] {
        assert_eq!(read_error(&document), words);
    }
}

#[test]
fn what_the_api_answers_is_read() {
    let document =
        r#"[{"LockIndex":0,"Key":"a","Flags":7,"Value":null,"CreateIndex":8,"ModifyIndex":8}]"#;
    assert_eq!(read(document).unwrap(), [entry("a", 7, b"")]);
}

#[test]
fn a_bad_entry_is_named_by_its_number() {
    for (document, words) in [
        (
            r#"[{"key":"a"},{"flags":1}]"#,
            "entry 2, line 1 column 14: it has no key",
        ),
        (
            r#"[{"key":"a","value":"?"}]"#,
            "entry 1, line 1 column 2, key a: the value is not base64",
        ),
        (
            r#"[{"key":"a"} {"key":"b"}]"#,
            "entry 1, line 1 column 14: expected `,` or `]` behind it",
        ),
        (
            r#"[{"key":"a"},{"key":"#,
            "entry 2, line 1 column 20: the document ends in the middle",
        ),
        (
            r#"[{"key":"a"}"#,
            "entry 1, line 1 column 13: the document ends in the middle",
        ),
        (
            r#"[{"key":"a","flags":-1}]"#,
            "entry 1, line 1 column 2, key a: flags is -1, not a number from 0 to 18446744073709551615",
        ),
        (
            r#"[{"flags":"7","key":"a"}]"#,
            "entry 1, line 1 column 2, key a: flags is a string, not a number",
        ),
        (
            r#"[{"value":7,"key":"a"}]"#,
            "entry 1, line 1 column 2, key a: value is a number, not a string",
        ),
        (
            r#"[{"key":"a","value":"eA==","Value":"eQ=="}]"#,
            "entry 1, line 1 column 2, key a: value stands twice",
        ),
        (
            r#"[{"key":"a","key":"b"}]"#,
            "entry 1, line 1 column 2, key b: key stands twice",
        ),
        (
            r#"[{"key":["a"]}]"#,
            "entry 1, line 1 column 2: key is an array, not a string",
        ),
        (
            r#"[{"key":"a"},]"#,
            "entry 2, line 1 column 14: expected value",
        ),
        (
            "[7]",
            "entry 1, line 1 column 2: invalid type: integer `7`, expected an entry",
        ),
    ] {
        let error = read_error(document);
        assert!(error.starts_with(words), "{document}: {error}");
    }
}

#[test]
fn what_is_no_array_is_no_document() {
    for document in ["7", "x", "\"a\""] {
        assert_eq!(
            read_error(document),
            "not a JSON array of entries",
            "{document}"
        );
    }
    assert_eq!(read_error("  "), "the document is empty");
    assert_eq!(read_error("{}"), "entry 1, line 1 column 1: it has no key");
    assert_eq!(
        read_error("[] []"),
        "line 1 column 4: something follows the end of the array"
    );
}

#[test]
fn nothing_comes_after_an_error() {
    let mut entries = DocumentReader::new(&b"[{\"key\":\"a\"},7,{\"key\":\"b\"}]"[..]);
    assert!(entries.next().is_some_and(|entry| entry.is_ok()));
    assert!(entries.next().is_some_and(|entry| entry.is_err()));
    assert!(entries.next().is_none());
}
