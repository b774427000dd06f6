use std::path::Path;

use crate::model::Desired;
use crate::sources::{Dots, SourceFormat, SourceOptions};

fn read(text: &str, dots: Dots) -> Result<Vec<String>, String> {
    let options = SourceOptions {
        dots,
        ..SourceOptions::default()
    };
    let file = Path::new("x.properties");
    let entries = crate::sources::parse(SourceFormat::Properties, text.as_bytes(), file, &options);
    let shown = |entry: Desired| {
        let value = String::from_utf8(entry.value.unwrap()).unwrap();
        format!("{}={value}@{}", entry.key, entry.place.line.unwrap())
    };
    entries
        .map(|entries| entries.into_iter().map(shown).collect())
        .map_err(|error| error.to_string())
}

#[test]
fn the_grammar_is_that_of_java() {
    for (text, entry) in [
        ("a=1", "a=1@1"),
        ("a : 1 ", "a=1 @1"),
        ("a 1", "a=1@1"),
        ("a\t=\x0c1", "a=1@1"),
        ("a", "a=@1"),
        ("a=", "a=@1"),
        ("  a = = 1", "a== 1@1"),
        ("# c\n! c\n\n  \na=#1", "a=#1@5"),
        ("a\\:b\\=c\\ d=1", "a:b=c d=1@1"),
        ("a=1,\\\n   2,\\\r\n\t3", "a=1,2,3@1"),
        ("a=1\\\\\nb=2", "a=1\\@1"),
        ("a=\\u00e9\\t\\n\\r\\f\\z", "a=é\t\n\r\x0cz@1"),
        ("a=\\ud83d\\ude00", "a=😀@1"),
        ("a=x\\u0000y", "a=x\0y@1"),
        ("a=${b}", "a=${b}@1"),
        ("a.b=1\r\rc=2", "a.b=1@1"),
        ("a=\\\n", "a=@1"),
        ("a=1\\\n#2", "a=1#2@1"),
    ] {
        assert_eq!(read(text, Dots::Keep).unwrap()[0], entry, "{text:?}");
    }
    assert_eq!(read("a.b.c=1.5", Dots::Slash).unwrap(), ["a/b/c=1.5@1"]);
    assert_eq!(read("", Dots::Keep).unwrap(), [""; 0]);
}

#[test]
fn malformed_properties_are_refused_with_their_line() {
    for (text, words) in [
        (
            "a=1\nb=\\u00g0",
            "x.properties:2: \\u takes four hexadecimal digits, not '00g0'",
        ),
        (
            "a=\\u12",
            "x.properties:1: \\u takes four hexadecimal digits, not '12'",
        ),
        ("a=\\ud800x", "x.properties:1: \\ud800 is half a character"),
        (
            "a=\\ud83d\\u0041",
            "x.properties:1: \\ud83d is half a character",
        ),
        ("=1", "x.properties:1: a name is empty"),
        (
            "a=1\nb=2\na=3",
            "x.properties:3: key a is also in x.properties:1",
        ),
        ("/a=1", "x.properties:1: the name '/a' starts with /"),
    ] {
        assert_eq!(read(text, Dots::Keep).unwrap_err(), words, "{text:?}");
    }
    let error = read("a..b=1", Dots::Slash).map(|entries| entries[0].clone());
    assert_eq!(error.unwrap(), "a//b=1@1");
    assert!(read(".a=1", Dots::Slash).is_err());
}
