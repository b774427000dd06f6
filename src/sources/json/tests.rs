use std::path::Path;

use crate::model::Desired;
use crate::sources::{ListPolicy, SourceFormat, SourceOptions};

fn read(text: &str) -> Result<Vec<String>, String> {
    let options = SourceOptions {
        list: Some(ListPolicy::Json),
        ..SourceOptions::default()
    };
    let file = Path::new("x.json");
    let entries = crate::sources::parse(SourceFormat::Json, text.as_bytes(), file, &options);
    let shown = |entry: Desired| {
        let value = String::from_utf8(entry.value.unwrap()).unwrap();
        format!("{}={value}@{}", entry.key, entry.place.line.unwrap())
    };
    entries
        .map(|entries| entries.into_iter().map(shown).collect())
        .map_err(|error| error.to_string())
}

#[test]
fn numbers_are_texts_as_written_and_strings_unescaped() {
    let text = "{\"a\": 1E400, \"b\":-0, \"c\": 123456789012345678901234567890,\n\
        \"d\": 1.10, \"e\" :true,\n\n\"f\": \"a\\\"\\\\\\/\\ud83d\\ude00\\n\", \"g\": {\"h/i\": \"\"}}";
    assert_eq!(
        read(text).unwrap(),
        [
            "a=1E400@1",
            "b=-0@1",
            "c=123456789012345678901234567890@1",
            "d=1.10@2",
            "e=true@2",
            "f=a\"\\/😀\n@4",
            "g/h/i=@4",
        ]
    );
}

#[test]
fn lists_are_compact_json() {
    let text = "{\"a\": [1.10, \"x\\n\" , {\"b\" : [ ] , \"c\":{}}, null, true]}";
    let expected = r#"a=[1.10,"x\n",{"b":[],"c":{}},null,true]@1"#;
    assert_eq!(read(text).unwrap(), [expected]);
}

#[test]
fn malformed_json_is_refused_with_its_line() {
    let deep = "{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000);
    for (text, words) in [
        ("", "x.json:1: the document is empty"),
        ("{\"a\": 1,\n}", "x.json:2: not JSON: key must be a string"),
        ("{\"a\": 01}", "x.json:1: not JSON: "),
        ("{\"a\": 1}\n{}", "x.json:2: not JSON: trailing characters"),
        ("{\"a\":\n NaN}", "x.json:2: not JSON: "),
        ("{\"a\": \"\n\"}", "x.json:1: not JSON: control character"),
        (
            "{\"a\":\n1,\n\"a\": 2}",
            "x.json:3: the name 'a' is also in line 1",
        ),
        (
            "{\n\"a\": \"\\ud800\"}",
            "x.json:2: a string has half a surrogate",
        ),
        ("{\n\"\": 1}", "x.json:2: a name is empty"),
        (
            &deep,
            "x.json:1: names are nested more than 200 levels deep",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(words), "{error}");
    }
}
