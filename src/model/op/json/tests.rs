use super::*;
use crate::model::Key;

fn ops(text: &str) -> Result<Vec<Op>, String> {
    parse_json(text.as_bytes()).map_err(|error| error.to_string())
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

#[test]
fn both_forms_are_accepted() {
    let kvw = r#"[{"op":"set","key":"a","value":"/wA=","encoding":"base64","flags":18446744073709551615},
        {"op":"create","key":"b","value":"text"},{"op":"check","key":"c","index":7},
        {"op":"check-session","key":"d","session":""}]"#;
    let consul = r#"[{"KV":{"Verb":"set","Key":"a","Value":"/wA=","Flags":18446744073709551615,"Index":0,"Session":""}},
        {"kv":{"verb":"cas","key":"b","value":"dGV4dA=="}},{"KV":{"Verb":"check-index","Key":"c","Index":7}},
        {"KV":{"Verb":"check-session","Key":"d"}}]"#;
    let expected = vec![
        Op::Set {
            key: key("a"),
            value: vec![0xff, 0],
            flags: u64::MAX,
        },
        Op::Cas {
            key: key("b"),
            value: b"text".to_vec(),
            flags: 0,
            index: Index(0),
        },
        Op::CheckIndex {
            key: key("c"),
            index: Index(7),
        },
        Op::CheckSession {
            key: key("d"),
            session: String::new(),
        },
    ];
    assert_eq!(ops(kvw), Ok(expected.clone()));
    assert_eq!(ops(consul), Ok(expected));
}

#[test]
fn base64_with_line_breaks_and_a_byte_order_mark_are_accepted() {
    let expected = ops(r#"[{"op":"set","key":"a","value":"hello"}]"#);
    for text in [
        r#"[{"KV":{"Verb":"set","Key":"a","Value":"aGVs\nbG8=\n"}}]"#,
        r#"[{"op":"set","key":"a","value":"aGVs\r\nbG8=","encoding":"base64"}]"#,
        "\u{feff}[{\"op\":\"set\",\"key\":\"a\",\"value\":\"hello\"}]",
    ] {
        assert_eq!(ops(text), expected, "{text}");
    }
}

#[test]
fn an_operation_of_consuls_go_client_is_accepted() {
    let written = r#"[{"KV":{"Verb":"get","Key":"a","Value":null,"Flags":0,"Index":0,"Session":""},"Node":null,"Service":null,"Check":null}]"#;
    assert_eq!(ops(written), Ok(vec![Op::Get { key: key("a") }]));
}

#[test]
fn every_error_names_its_operation() {
    for (text, error) in [
        (
            r#"[{"op":"get","key":"a"},{"op":"set","key":"b"}]"#,
            "operation 2, key b: set needs a value",
        ),
        (
            r#"[{"op":"set","key":"a","value":"!","encoding":"base64"}]"#,
            "operation 1, key a: the value is not base64: Invalid symbol 33, offset 0",
        ),
        (
            r#"[{"op":"get","key":"a","index":1}]"#,
            "operation 1, key a: get has no index",
        ),
        (
            r#"[{"op":"get","key":""}]"#,
            "operation 1: a key cannot be empty",
        ),
        (
            r#"[{"Node":{"Verb":"get"}}]"#,
            "operation 1: 'Node' is not an operation on keys",
        ),
        (
            r#"[{"KV":{"Verb":"get","Key":""}}]"#,
            "operation 1: a key cannot be empty",
        ),
        (
            r#"[{"KV":{"Verb":"get","Key":"a"},"Node":{"Verb":"get"}}]"#,
            "operation 1, key a: more than one operation: KV, Node",
        ),
        (r#"[{}]"#, "operation 1: empty operation"),
        (r#"[{"KV":null}]"#, "operation 1: empty operation"),
    ] {
        assert_eq!(ops(text), Err(error.to_owned()), "{text}");
    }
    for (text, error) in [
        (
            r#"[{"op":"get","key":"a","typo":1}]"#,
            "operation 1, key a: unknown field `typo`",
        ),
        (
            r#"[{"op":"set","key":"a","value":"v","flags":-1}]"#,
            "operation 1, key a: invalid value: integer `-1`",
        ),
        (r#"{"op":"get"}"#, "not an array of operations: "),
        (
            "[{\n",
            "not an array of operations: EOF while parsing an object at line 2",
        ),
    ] {
        let got = ops(text).unwrap_err();
        assert!(got.starts_with(error), "{text}: {got}");
    }
}
