use super::*;
use crate::model::Fields;

fn entry(key: &str, value: &[u8], flags: u64) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(value),
        flags,
        ..Fields::default()
    })
}

fn yaml(entries: &[(&str, &str)]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(name, value)| (*name, entry(name, value.as_bytes(), 0)))
        .collect();
    let entries: Vec<_> = entries.iter().map(|(name, entry)| (*name, entry)).collect();
    let mut out = Vec::new();
    write_yaml(&mut out, &entries).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn names_are_nested_and_a_key_that_is_a_folder_keeps_its_slash() {
    let text = yaml(&[
        ("a/b", "x"),
        ("a/c/d", "y"),
        ("e", "1"),
        ("e/f", "2"),
        ("e/g/h", "3"),
        ("i//j", ""),
    ]);
    let expected = "a:\n  b: x\n  c:\n    d: \"y\"\ne: 1\ne/f: 2\ne/g:\n  h: 3\ni//j: \"\"\n";
    assert_eq!(text, expected);
    assert_eq!(yaml(&[]), "{}\n");
}

#[test]
fn only_what_every_reader_takes_for_the_same_is_bare() {
    for bare in ["8080", "0", "true", "false", "web", "a.b-c_d/e"] {
        assert_eq!(yaml_scalar(bare), bare);
    }
    for quoted in [
        "",
        "1.10",
        "007",
        "no",
        "ON",
        "null",
        "~",
        "-1",
        "1e3",
        "0x1F",
        "a b",
        "a: b",
        "#a",
        "12:30",
        "é",
        "2001-01-01",
        "'a'",
        "1234567890123456",
    ] {
        assert_eq!(yaml_scalar(quoted), format!("\"{quoted}\""));
    }
    assert_eq!(
        yaml_scalar("a\"\\\n\t\u{1b}\u{202e}"),
        "\"a\\\"\\\\\\n\\t\\u001b\\u202e\""
    );
    let text = yaml(&[
        ("a", "x\n  y\n\nz\n"),
        ("b", "x\ny"),
        ("c", " x\ny"),
        ("d", "x \ny"),
    ]);
    let expected = "a: |\n  x\n    y\n\n  z\nb: |-\n  x\n  y\nc: \" x\\ny\"\nd: \"x \\ny\"\n";
    assert_eq!(text, expected);
}

#[test]
fn what_a_document_cannot_say_is_refused() {
    for (name, value, flags) in [("", "", 0), ("/a", "", 0), ("a/", "", 0), ("a", "", 1)] {
        let entry = entry("x", value.as_bytes(), flags);
        assert!(check_yaml(name, &entry).is_err(), "{name}");
        assert!(check_properties(name, &entry).is_err(), "{name}");
    }
    let binary = entry("x", b"\xff", 0);
    assert!(check_yaml("a", &binary).is_ok());
    assert!(check_properties("a", &binary).is_err());
}
