use std::path::Path;

use crate::model::Desired;
use crate::sources::{SourceFormat, SourceOptions};

fn with(format: SourceFormat, text: &str, split: Option<&str>) -> Result<Vec<String>, String> {
    let options = SourceOptions {
        split: split.map(str::to_owned),
        ..SourceOptions::default()
    };
    let entries = crate::sources::parse(format, text.as_bytes(), Path::new("x"), &options);
    let shown = |entry: Desired| {
        let value = String::from_utf8(entry.value.unwrap()).unwrap();
        format!("{}={value}@{}", entry.key, entry.place.line.unwrap())
    };
    entries
        .map(|entries| entries.into_iter().map(shown).collect())
        .map_err(|error| error.to_string())
}

fn read(text: &str) -> Result<Vec<String>, String> {
    with(SourceFormat::Env, text, None)
}

#[test]
fn every_form_of_a_line_is_read() {
    for (text, entry) in [
        ("A=1", "A=1@1"),
        ("export A=1", "A=1@1"),
        ("  export   A = 1  ", "A=1@1"),
        ("\u{feff}A=1\r\n", "A=1@1"),
        ("# c\n\nA=1 # c", "A=1@3"),
        ("A=a#b", "A=a#b@1"),
        ("A= # c", "A=@1"),
        ("A=", "A=@1"),
        ("A=#x", "A=#x@1"),
        ("A=it's \"so\"", "A=it's \"so\"@1"),
        ("A='a\\n$B # x'", "A=a\\n$B # x@1"),
        ("A='' # c", "A=@1"),
        ("A=\"a\\n\\r\\t\\\\\\\"\\$B # x\"", "A=a\n\r\t\\\"$B # x@1"),
        ("A='x\ny'", "A=x\ny@1"),
        ("A=\"x\r\ny\"", "A=x\ny@1"),
        ("A=C:\\dir\\new", "A=C:\\dir\\new@1"),
        ("A=\\$B", "A=$B@1"),
        ("A=\\\\\\$B", "A=\\\\$B@1"),
        ("A=5$", "A=5$@1"),
        ("A=$ 5", "A=$ 5@1"),
        ("A=a=b", "A=a=b@1"),
        ("a.b-c=1", "a.b-c=1@1"),
        ("export=1", "export=1@1"),
    ] {
        assert_eq!(read(text).unwrap(), [entry], "{text:?}");
    }
    assert_eq!(read("A='x\ny'\nB=2").unwrap(), ["A=x\ny@1", "B=2@3"]);
    assert_eq!(read("A=\"x\n\n\"\nB=2\n").unwrap(), ["A=x\n\n@1", "B=2@4"]);
    assert_eq!(read("").unwrap(), [""; 0]);
}

#[test]
fn what_programs_read_differently_is_refused() {
    for (text, words) in [
        (
            "A=1\nB=$A",
            "x:2: the value has a $ that other programs would expand",
        ),
        (
            "A=\"\n${A}\"",
            "x:2: the value has a $ that other programs would expand",
        ),
        // The backslash is escaped, and so the $ is not.
        (
            "A=\\\\$B",
            "x:1: the value has a $ that other programs would expand",
        ),
        (
            "A=$(date)",
            "x:1: the value has a $ that other programs would expand",
        ),
        (
            "A=a$$",
            "x:1: the value has a $ that other programs would expand",
        ),
        ("A", "x:1: a line is NAME=VALUE, and this one has no ="),
        ("A B=1", "x:1: 'A B' is no name of a variable"),
        ("=1", "x:1: a name is empty"),
        ("A='x", "x:1: the quote ' is not closed"),
        ("A=\"x\\\"", "x:1: the quote \" is not closed"),
        ("A='x'y", "x:1: something follows the closing quote"),
        ("A='x'#y", "x:1: something follows the closing quote"),
        (
            "A=\"\\x\"",
            "x:1: \\x is no escape: \\n \\r \\t \\\\ \\\" \\$ are",
        ),
        ("A=1\nA=2", "x:2: key A is also in x:1"),
    ] {
        assert_eq!(read(text).unwrap_err(), words, "{text:?}");
    }
}

#[test]
fn names_may_be_split() {
    let read = |text: &str| with(SourceFormat::Env, text, Some("__"));
    assert_eq!(read("DB__HOST=a\nX=1").unwrap(), ["DB/HOST=a@1", "X=1@2"]);
    let error = read("DB__=a").unwrap_err();
    assert_eq!(error, "x:1: 'DB__' has an empty part");
}

#[test]
fn docker_takes_lines_literally() {
    let read = |text: &str| with(SourceFormat::DockerEnv, text, None);
    for (text, entry) in [
        ("A='1' # c", "A='1' # c@1"),
        ("  A= 1 ", "A= 1 @1"),
        ("A=$B", "A=$B@1"),
        ("# c\nA=\"x\"\r\n", "A=\"x\"@2"),
    ] {
        assert_eq!(read(text).unwrap(), [entry], "{text:?}");
    }
    for (text, words) in [
        ("A", "x:1: a line is NAME=VALUE, and this one has no ="),
        ("A =1", "x:1: the name 'A ' has white space"),
        ("export A=1", "x:1: the name 'export A' has white space"),
        ("=1", "x:1: a name is empty"),
    ] {
        assert_eq!(read(text).unwrap_err(), words, "{text:?}");
    }
}
