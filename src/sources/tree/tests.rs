use std::path::Path;

use crate::model::Desired;
use crate::sources::{ListPolicy, NullPolicy, SourceFormat, SourceOptions, parse};

/// The entries of a document as `key=value` texts, or its error.
fn read(format: SourceFormat, text: &str, options: &SourceOptions) -> Result<Vec<String>, String> {
    let entries = parse(format, text.as_bytes(), Path::new("x"), options);
    let shown = |entry: Desired| match entry.value {
        Some(value) => format!("{}={}", entry.key, String::from_utf8_lossy(&value)),
        None => format!("{} deleted", entry.key),
    };
    entries
        .map(|entries| entries.into_iter().map(shown).collect())
        .map_err(|error| error.to_string())
}

fn yaml(text: &str, options: &SourceOptions) -> Result<Vec<String>, String> {
    read(SourceFormat::Yaml, text, options)
}

const NOTHING: [&str; 0] = [];

#[test]
fn names_are_joined_by_slashes_and_may_hold_them() {
    let options = SourceOptions {
        prefix: "p/".to_owned(),
        ..SourceOptions::default()
    };
    let text = "a:\n  b: 1\n  c/d: 2\n  e//f: 3\ng: 4\n";
    assert_eq!(
        yaml(text, &options).unwrap(),
        ["p/a/b=1", "p/a/c/d=2", "p/a/e//f=3", "p/g=4"]
    );
}

#[test]
fn a_name_without_a_text_between_slashes_is_refused_with_its_line() {
    for (text, words) in [
        ("a: 1\n'': 2\n", "x:2: a name is empty"),
        ("a: 1\n/b: 2\n", "x:2: the name '/b' starts with /"),
        ("a:\n  b/: 2\n", "x:2: the name 'b/' ends with /"),
    ] {
        let error = yaml(text, &SourceOptions::default()).unwrap_err();
        assert_eq!(error, words, "{text}");
    }
}

#[test]
fn one_key_by_two_paths_is_refused_with_both_lines() {
    let error = yaml("a/b: 1\na: {b: 2}\n", &SourceOptions::default()).unwrap_err();
    assert_eq!(error, "x:2: key a/b is also in x:1");
}

#[test]
fn null_means_what_was_chosen() {
    let text = "a: null\nb: 1\n";
    let with = |null| SourceOptions {
        null,
        ..SourceOptions::default()
    };
    let error = yaml(text, &with(None)).unwrap_err();
    assert_eq!(error, "x:1: 'a' is null, which no key can be");
    let read = |null| yaml(text, &with(Some(null))).unwrap();
    assert_eq!(read(NullPolicy::Empty), ["a=", "b=1"]);
    assert_eq!(read(NullPolicy::Skip), ["b=1"]);
    assert_eq!(read(NullPolicy::Delete), ["a deleted", "b=1"]);
}

#[test]
fn a_list_means_what_was_chosen() {
    let text = "a: [1.10, x, {b: [null, 'yes', yes, 0x1F]}]\n";
    let with = |list| SourceOptions {
        list,
        null: Some(NullPolicy::Skip),
        ..SourceOptions::default()
    };
    let error = yaml(text, &with(None)).unwrap_err();
    assert_eq!(error, "x:1: 'a' is a list, which no key can be");
    assert_eq!(
        yaml(text, &with(Some(ListPolicy::Index))).unwrap(),
        [
            "a/0=1.10",
            "a/1=x",
            "a/2/b/1=yes",
            "a/2/b/2=yes",
            "a/2/b/3=0x1F"
        ]
    );
    assert_eq!(
        yaml(text, &with(Some(ListPolicy::Json))).unwrap(),
        [r#"a=[1.10,"x",{"b":[null,"yes","yes","0x1F"]}]"#]
    );
    let join = with(Some(ListPolicy::Join(", ".to_owned())));
    let error = yaml(text, &join).unwrap_err();
    assert_eq!(error, "x:1: 'a' has an element that is no scalar");
    assert_eq!(yaml("a: [1, x]\nb: []\n", &join).unwrap(), ["a=1, x", "b="]);
}

#[test]
fn a_list_at_the_top_has_numbers_as_names() {
    let options = SourceOptions::default();
    let error = yaml("- 1\n- 2\n", &options).unwrap_err();
    assert_eq!(error, "x:1: a list has no name here");
    let options = SourceOptions {
        list: Some(ListPolicy::Index),
        ..options
    };
    assert_eq!(yaml("- 1\n- 2\n", &options).unwrap(), ["0=1", "1=2"]);
}

#[test]
fn an_empty_map_is_nothing_or_a_folder_key() {
    let mut options = SourceOptions::default();
    assert_eq!(yaml("a: {}\nb: {c: {}}\n", &options).unwrap(), NOTHING);
    options.folders = true;
    assert_eq!(
        yaml("a: {}\nb: {c: {}}\n", &options).unwrap(),
        ["a/=", "b/c/="]
    );
    assert_eq!(yaml("{}\n", &options).unwrap(), NOTHING);
}

#[test]
fn a_document_that_is_a_scalar_has_no_names() {
    for format in [SourceFormat::Yaml, SourceFormat::Json] {
        let error = read(format, "1", &SourceOptions::default()).unwrap_err();
        assert_eq!(error, "x:1: the document is not a map of names");
    }
}
