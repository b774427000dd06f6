use std::path::Path;

use crate::model::Desired;
use crate::sources::{NullPolicy, SourceFormat, SourceOptions};

fn parse(text: &str, options: &SourceOptions) -> Result<Vec<Desired>, String> {
    let file = Path::new("x.yaml");
    crate::sources::parse(SourceFormat::Yaml, text.as_bytes(), file, options)
        .map_err(|error| error.to_string())
}

fn read(text: &str) -> Result<Vec<String>, String> {
    let options = SourceOptions {
        null: Some(NullPolicy::Skip),
        ..SourceOptions::default()
    };
    let entries = parse(text, &options)?.into_iter();
    let shown = |entry: Desired| {
        let value = entry.value.unwrap();
        format!("{}={}", entry.key, String::from_utf8_lossy(&value))
    };
    Ok(entries.map(shown).collect())
}

/// The text of a single scalar.
fn scalar(text: &str) -> Vec<u8> {
    let entries = parse(&format!("a: {text}\n"), &SourceOptions::default()).unwrap();
    entries[0].value.clone().unwrap()
}

#[test]
fn a_scalar_is_its_text_as_written() {
    for text in [
        "1.10",
        "1e6",
        "0o7",
        "0x1F",
        ".5",
        "+1",
        "yes",
        "no",
        "on",
        "2001-01-01",
        "0123",
        "1_000",
        "-0",
        "123456789012345678901234567890",
        "NaN",
        ".inf",
        "12:30:45",
        "True",
        "a b",
        "-x",
        "http://h:80/a#b",
    ] {
        assert_eq!(scalar(text), text.as_bytes(), "{text}");
    }
    for (text, value) in [
        ("''", ""),
        ("'null'", "null"),
        ("\"~\"", "~"),
        ("!!str 1", "1"),
        ("!!str null", "null"),
        ("!!str", ""),
        ("! 12", "12"),
        ("!!int 0x10", "0x10"),
        ("!!float 1.50", "1.50"),
        ("!!bool yes", "yes"),
        ("'it''s'", "it's"),
        ("\"\\u00e9\\n\\x41\"", "é\nA"),
        ("1 # comment", "1"),
        ("|\n  a\n  b", "a\nb\n"),
        ("|-\n  a\n   b", "a\n b"),
        (">\n  a\n  b", "a b\n"),
    ] {
        assert_eq!(scalar(text), value.as_bytes(), "{text}");
    }
    assert_eq!(scalar("!!binary /wD+"), b"\xff\x00\xfe");
    assert_eq!(scalar("!!binary |\n  /w\n  D+"), b"\xff\x00\xfe");
}

#[test]
fn null_has_five_forms() {
    for text in ["", "~", "null", "Null", "NULL", "!!null x"] {
        let error = parse(&format!("a: {text}\n"), &SourceOptions::default()).unwrap_err();
        assert_eq!(
            error, "x.yaml:1: 'a' is null, which no key can be",
            "{text}"
        );
    }
}

#[test]
fn tags_without_a_meaning_are_refused_with_their_line() {
    for (text, words) in [
        (
            "a: 1\nb: !vault x\n",
            "x.yaml:2: the tag !vault has no meaning here",
        ),
        (
            "a: !!set {b}\n",
            "x.yaml:1: the tag !!set has no meaning here",
        ),
        (
            "a: !ref [b]\n",
            "x.yaml:1: the tag !ref has no meaning here",
        ),
        ("a: !!binary '*'\n", "x.yaml:1: the value is not base64"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(words), "{text}: {error}");
    }
}

#[test]
fn aliases_and_merges_stand_for_what_they_name() {
    let text = "base: &base {a: 1, b: 2}\nother: &other {b: 3, c: 4}\n\
        one: *base\ntwo:\n  <<: *base\n  b: own\nthree:\n  <<: [*base, *other]\n  d: 5\n\
        text: &t hello\ncopy: *t\n";
    assert_eq!(
        read(text).unwrap(),
        [
            "base/a=1",
            "base/b=2",
            "copy=hello",
            "one/a=1",
            "one/b=2",
            "other/b=3",
            "other/c=4",
            "text=hello",
            "three/a=1",
            "three/b=2",
            "three/c=4",
            "three/d=5",
            "two/a=1",
            "two/b=own",
        ]
    );
    assert_eq!(read("'<<': 1\n").unwrap(), ["<<=1"]);
    let error = read("a:\n  <<: 1\n").unwrap_err();
    assert_eq!(error, "x.yaml:2: << takes a map or a list of maps");
    // Some programs take both, some the last, and some refuse them.
    let error = read("a: &a {b: 1}\nc:\n  <<: *a\n  <<: *a\n").unwrap_err();
    assert_eq!(error, "x.yaml:4: the name '<<' is also in line 3");
    assert!(read("a: *none\n").is_err());
    assert!(read("a: &a [*a]\n").is_err());
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut lists = String::from("a0: &a0 {x: lol}\n");
    let mut merges = lists.clone();
    for n in 1..40 {
        let names: Vec<_> = (0..9).map(|m| format!("k{m}: *a{}", n - 1)).collect();
        lists.push_str(&format!("a{n}: &a{n} {{{}}}\n", names.join(", ")));
        let again = format!("*a{}", n - 1);
        merges.push_str(&format!(
            "a{n}: &a{n} {{<<: [{again}, {again}, {again}]}}\n"
        ));
    }
    for text in [lists, merges] {
        let error = read(&text).unwrap_err();
        assert!(error.contains("100 times larger"), "{error}");
    }
}

#[test]
fn a_document_that_is_nested_too_deep_is_refused() {
    let block = |depth: usize| {
        let mut text = String::new();
        for level in 0..depth {
            text.push_str(&format!("{}a:\n", " ".repeat(level)));
        }
        text
    };
    let flow = |depth: usize| "{a: ".repeat(depth) + "1" + &"}".repeat(depth);
    assert_eq!(read(&flow(100)).unwrap(), [vec!["a"; 100].join("/") + "=1"]);
    for text in [
        block(2_000),
        flow(10_000),
        format!("a: {}", "[".repeat(10_000)),
    ] {
        let error = read(&text).unwrap_err();
        assert!(
            error.contains("200 levels deep") || error.contains("recursion limit"),
            "{error}"
        );
    }
    let mut chain = String::from("a0: &a0 {x: 1}\n");
    for n in 1..10_000 {
        chain.push_str(&format!("a{n}: &a{n} {{x: *a{}}}\n", n - 1));
    }
    assert!(read(&chain).unwrap_err().contains("200 levels deep"));
}

#[test]
fn names_that_are_no_texts_are_refused() {
    assert_eq!(
        read("1: a\n2.50: b\ntrue: c\n").unwrap(),
        ["1=a", "2.50=b", "true=c"]
    );
    for (text, words) in [
        ("? [a]\n: 1\n", "x.yaml:1: a name is a list or a map"),
        ("? {a: b}\n: 1\n", "x.yaml:1: a name is a list or a map"),
        ("a: 1\n~: 1\n", "x.yaml:2: a name is null"),
        ("a: 1\n: 1\n", "x.yaml:2: a name is null"),
        ("!!binary YQ==: 1\n", "x.yaml:1: a name is not a text"),
    ] {
        assert_eq!(read(text).unwrap_err(), words, "{text}");
    }
}

#[test]
fn a_name_that_stands_twice_is_refused_with_both_lines() {
    let error = read("a:\n  x: 1\nb: 2\na:\n  y: 1\n").unwrap_err();
    assert_eq!(error, "x.yaml:4: the name 'a' is also in line 1");
}

#[test]
fn several_documents_are_one_tree() {
    assert_eq!(
        read("a: {x: 1}\n---\na: {y: 2}\n").unwrap(),
        ["a/x=1", "a/y=2"]
    );
    let error = read("a: 1\n---\na: 2\n").unwrap_err();
    assert_eq!(error, "x.yaml:3: key a is also in x.yaml:1");
    for text in ["", "\n", "---\n", "# nothing\n", "---\n---\n", "{}\n"] {
        assert_eq!(read(text).unwrap(), [""; 0], "{text:?}");
    }
    assert!(read("a: &x 1\n---\nb: *x\n").is_err());
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_no_part_of_a_value() {
    assert_eq!(
        read("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n").unwrap(),
        ["a=1", "b=x\ny\n"]
    );
}

#[test]
fn malformed_yaml_is_refused_with_its_line() {
    for text in [
        "a: 1\n\tb: 2\n",
        "a: 1\nb: 'x\n",
        "a: 1\n b: 2\n",
        "a: 1\n- b\n",
        "a: {b\n",
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with("x.yaml:"), "{text}: {error}");
    }
}
