use super::*;
use crate::model::{Key, Prefix};

fn op(text: &str) -> Result<Op, String> {
    op_with_warnings(text).map(|(op, _)| op)
}

fn op_with_warnings(text: &str) -> Result<(Op, Vec<String>), String> {
    let mut warnings = Vec::new();
    let mut read = |path: &str| match path {
        "file" => Ok(b"\xffcontent\n".to_vec()),
        path => Err(format!("cannot read {path}")),
    };
    let op = parse(text, &mut read, &mut warnings).map_err(|error| error.to_string())?;
    Ok((op, warnings))
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
    assert_eq!(op("set --base64 a /wA="), Ok(set("a", b"\xff\x00", 0)));
    assert_eq!(op("set a @none"), Err("cannot read none".to_owned()));
    assert!(
        op("set a --base64 '!!'")
            .unwrap_err()
            .starts_with("the value is not base64: ")
    );
}

#[test]
fn options_stand_anywhere_before_a_double_dash() {
    assert_eq!(op("set a v --flags 7"), Ok(set("a", b"v", 7)));
    assert_eq!(
        op("set --flags=18446744073709551615 a v"),
        Ok(set("a", b"v", u64::MAX))
    );
    assert_eq!(op("set a -5"), Ok(set("a", b"-5", 0)));
    assert_eq!(op("set a -- --flags"), Ok(set("a", b"--flags", 0)));
}

#[test]
fn missing_and_excess_parts_are_named() {
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
            "an operation's value cannot be read from stdin (--literal takes '-' itself)",
        ),
        (
            "get a --flags 1",
            "get has no option --flags (put '--' before a word that starts with --)",
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
fn lines_are_numbered_and_comments_are_skipped() {
    let mut read = |_: &str| unreachable!();
    let ops = parse_lines(b"# two\nset a 1\n\n  get a\r\n", &mut read, &mut Vec::new()).unwrap();
    assert_eq!(ops, [set("a", b"1", 0), Op::Get { key: key("a") }]);
    let error = parse_lines(b"set a 1\n\nset b\n", &mut read, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "line 3: set needs a value");
    let error = parse_lines(b"set a \xff\n", &mut read, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "line 1: not UTF-8");
}

#[test]
fn base64_is_taken_as_documents_take_it() {
    let broken = op("set a --base64 $'aGVs\\nbG8=\\n'");
    assert_eq!(broken, Ok(set("a", b"hello", 0)));
    for text in ["aGVsbG8", "'aGVs bG8='", "_-__"] {
        let error = op(&format!("set a --base64 {text}")).unwrap_err();
        assert!(error.contains("the value is not base64"), "{error}");
    }
}

#[test]
fn a_value_is_any_bytes_and_a_key_is_text() {
    assert_eq!(op(r"set $'a\x62' $'\xff\n'"), Ok(set("ab", b"\xff\n", 0)));
    assert_eq!(op(r"set $'\xff' v"), Err("a key must be UTF-8".to_owned()));
    assert_eq!(op(r"set a $'\x40file'"), Ok(set("a", b"\xffcontent\n", 0)));
}

#[test]
fn a_quoted_value_may_break_lines_and_lines_are_counted_on() {
    let mut read = |_: &str| unreachable!();
    let text = b"set a 'one\r\ntwo'\n\nset b \\\n 2\nset c";
    let error = parse_lines(text, &mut read, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "line 6: set needs a value");
    let ops = parse_lines(&text[..text.len() - 5], &mut read, &mut Vec::new()).unwrap();
    assert_eq!(ops, [set("a", b"one\r\ntwo", 0), set("b", b"2", 0)]);
    let error = parse_lines(b"set a 1\nset b '2\n\n", &mut read, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "line 2: a quote is not closed");
}

#[test]
fn json_that_lost_its_quotes_is_reported_with_the_right_form() {
    let (parsed, warnings) = op_with_warnings(r#"set k {"a":1}"#).unwrap();
    assert_eq!(parsed, set("k", b"{a:1}", 0));
    let form = r#"JSON without its quotes: quote it as a whole: set k '{"a":1}'"#;
    assert_eq!(warnings, [form]);
    let (_, warnings) = op_with_warnings(r#"cas k 7 ["it's"]"#).unwrap();
    assert!(
        warnings[0].ends_with(r#"cas k 7 '["it'\''s"]'"#),
        "{warnings:?}"
    );
    let error = op(r#"set k {"a": 1}"#).unwrap_err();
    let form = r#"set does not take '1}': quote JSON as a whole: set k '{"a": 1}'"#;
    assert_eq!(error, form);
    for (lost, form) in [
        (r#"set k "{"a":1}""#, r#"set k '{"a":1}'"#),
        (r#"set k "[ "a", 1]""#, r#"set k '[ "a", 1]'"#),
        (r#"set k x={"a":1}"#, r#"set k 'x={"a":1}'"#),
    ] {
        let (_, warnings) = op_with_warnings(lost).unwrap();
        assert!(warnings[0].ends_with(form), "{warnings:?}");
    }
    for quoted in [
        r#"set k "a{""#,
        r#"set k x"y"z"#,
        r#"set k '{"a":1}'"#,
        r#"set k "{}""#,
        r#"set k {\"a\":1}"#,
        "set k {a}",
    ] {
        assert_eq!(op_with_warnings(quoted).unwrap().1, Vec::<String>::new());
    }
    let mut warnings = Vec::new();
    let lines = b"get a\nset k {\"a\":1}";
    parse_lines(lines, &mut |_| unreachable!(), &mut warnings).unwrap();
    assert!(warnings[0].starts_with("line 2: JSON "), "{warnings:?}");
}
