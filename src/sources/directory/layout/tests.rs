use std::fs;

use proptest::prelude::*;

use super::{Layout, file_of_value, lay_out};
use crate::model::{Entry, Fields, Glob};
use crate::sources::{EXCEPTIONS, SourceOptions, read_directory};

fn entry(key: &str, value: &[u8], flags: u64) -> Entry {
    Entry::pack(&Fields {
        key,
        value: Some(value),
        flags,
        ..Fields::default()
    })
}

fn names(layout: &Layout<'_>) -> (Vec<String>, Vec<String>) {
    let names = |list: &[(&str, &Entry)]| list.iter().map(|(name, _)| (*name).to_owned()).collect();
    (names(&layout.files), names(&layout.exceptions))
}

#[test]
fn only_what_no_file_can_hold_is_an_exception() {
    let long = "x".repeat(256);
    let long_key = format!("p/{long}");
    let entries = [
        entry("p/", b"", 0),
        entry("p//a", b"", 0),
        entry("p/.kvw.jsonl", b"", 0),
        entry("p/..", b"", 0),
        entry("p/a", b"", 0),
        entry("p/a/b", b"\xff\r", 0),
        entry("p/c", b"x\r", 0),
        entry("p/d", b"x", 7),
        entry("p/e/", b"", 0),
        entry("p/f\0", b"", 0),
        entry("p/g h", b"x\r\n", 0),
        entry(&long_key, b"", 0),
    ];
    let (files, exceptions) = names(&lay_out("p/", &entries, &[], false));
    assert_eq!(files, ["a/b", "g h"]);
    assert_eq!(
        exceptions,
        [
            "",
            "..",
            ".kvw.jsonl",
            "/a",
            "a",
            "c",
            "d",
            "e/",
            "f\0",
            &long
        ]
    );
}

#[test]
fn names_that_differ_in_case_only_are_exceptions_where_the_file_system_folds_it() {
    let entries = [
        entry("A/x", b"", 0),
        entry("a/y", b"", 0),
        entry("b", b"", 0),
        entry("B", b"", 0),
    ];
    let (files, exceptions) = names(&lay_out("", &entries, &[], true));
    assert_eq!(files, ["A/x", "b"]);
    assert_eq!(exceptions, ["B", "a/y"]);
    assert_eq!(names(&lay_out("", &entries, &[], false)).0.len(), 4);
}

#[test]
fn what_the_directory_ignores_is_an_exception() {
    let ignored = [Glob::new("*.md").unwrap(), Glob::new("tmp").unwrap()];
    let entries = [
        entry("a.md", b"", 0),
        entry("b/a.md", b"", 0),
        entry("tmp/x/y", b"", 0),
    ];
    let (files, exceptions) = names(&lay_out("", &entries, &ignored, false));
    assert_eq!(files, ["b/a.md"]);
    assert_eq!(exceptions, ["a.md", "tmp/x/y"]);
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        &b"a"[..],
        b"\n",
        b"\r",
        b"\r\n",
        b"\xff",
        b"\0",
        "ü".as_bytes(),
        b"\xef\xbb\xbf",
        b" ",
    ]);
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

fn key() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a",
        "b",
        "A",
        "",
        ".",
        "..",
        ".git",
        ".kvw.jsonl",
        ".kvwignore",
        ".kvw.files",
        "a b",
        "%2F",
        "\t",
        "\n",
        "\\",
        "ü",
        "u\u{308}",
        "x.yaml",
        "\0",
    ]);
    prop::collection::vec(parts, 1..5).prop_map(|parts| parts.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Any store → files and exceptions → the same store.
    #[test]
    fn a_directory_is_read_as_what_was_laid_out(
        keys in prop::collection::btree_map(key(), (value(), prop::sample::select(vec![0, 0, 0, 7])), 0..20),
    ) {
        let entries: Vec<_> = keys
            .iter()
            .map(|(key, (value, flags))| entry(&format!("p/{key}"), value, *flags))
            .collect();
        let layout = lay_out("p/", &entries, &[], cfg!(target_os = "macos"));
        let directory = tempfile::tempdir().unwrap();
        for (path, entry) in &layout.files {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file_of_value(entry.value())).unwrap();
        }
        let lines = layout.exceptions.iter().map(|(key, entry)| {
            let value = String::from_utf8(entry.value().to_vec());
            let (value, encoding) = match &value {
                Ok(text) => (text.clone(), "utf8"),
                Err(_) => {
                    use base64::Engine as _;
                    let engine = base64::engine::general_purpose::STANDARD;
                    (engine.encode(entry.value()), "base64")
                }
            };
            let line = serde_json::json!({
                "key": key, "value": value, "encoding": encoding, "flags": entry.flags(),
            });
            format!("{line}\n")
        });
        fs::write(directory.path().join(EXCEPTIONS), lines.collect::<String>()).unwrap();
        let options = SourceOptions { prefix: "p/".to_owned(), ..SourceOptions::default() };
        let read = read_directory(directory.path(), &options).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|entry| (entry.key.as_str(), entry.value.as_deref().unwrap(), entry.flags.unwrap_or(0)))
            .collect();
        let mut expected: Vec<_> = entries
            .iter()
            .map(|entry| (entry.key(), entry.value(), entry.flags()))
            .collect();
        expected.sort_unstable();
        prop_assert_eq!(read, expected);
    }
}
