use std::path::Path;

use super::parse_relative;
use crate::sources::{SourceFormat, SourceOptions, parse};

#[test]
fn whole_keys_keep_their_flags_and_are_mapped() {
    let text = "[\n{\"key\":\"a/b\",\"flags\":7,\"value\":\"MQ==\"},\n{\"key\":\"a/\"}]";
    let options = SourceOptions {
        strip: "a/".to_owned(),
        prefix: "x/".to_owned(),
        ..SourceOptions::default()
    };
    let file = Path::new("x");
    let entries = parse(SourceFormat::Consul, text.as_bytes(), file, &options).unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0].key.as_str(), "x/");
    assert_eq!(entries[0].flags, Some(0));
    assert_eq!(entries[0].place.to_string(), "x:3");
    assert_eq!(entries[1].key.as_str(), "x/b");
    assert_eq!(entries[1].value.as_deref(), Some(&b"1"[..]));
    assert_eq!(entries[1].flags, Some(7));
    let api = "[{\"Key\":\"a/b\",\"CreateIndex\":4,\"Value\":null,\"LockIndex\":0}]";
    let entries = parse(SourceFormat::Consul, api.as_bytes(), file, &options).unwrap();
    assert_eq!(entries[0].value.as_deref(), Some(&b""[..]));
}

#[test]
fn faults_have_their_file() {
    let lines = "{\"key\":\"a\",\"value\":\"x\",\"encoding\":\"utf8\"}\n";
    for (text, words) in [
        (lines.repeat(2), "x:2: key a is also in x:1"),
        (format!("{lines}{{"), "x: entry 2, line 2"),
        (
            lines.replace("\"utf8\"", "\"utf8\",\"flag\":1"),
            "x: unknown members",
        ),
        (String::new(), "x: the document is empty"),
    ] {
        let options = SourceOptions::default();
        let read = parse(
            SourceFormat::Jsonl,
            text.as_bytes(),
            Path::new("x"),
            &options,
        );
        let error = read.unwrap_err().to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

#[test]
fn a_relative_key_may_be_empty_but_not_missing() {
    let file = Path::new("x");
    let read = |text: &str| parse_relative(text.as_bytes(), file, "p/");
    let entries = read("{\"key\":\"\",\"flags\":1}\n{\"key\":\"..\"}\n").unwrap();
    assert_eq!(entries[0].key.as_str(), "p/");
    assert_eq!(entries[1].key.as_str(), "p/..");
    assert_eq!(read("\n").unwrap(), []);
    assert!(read("{\"flags\":1}").is_err());
    assert!(read("{\"key\":null}").is_err());
}
