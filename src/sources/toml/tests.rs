use std::path::Path;

use crate::model::Desired;
use crate::sources::{ListPolicy, SourceFormat, SourceOptions};

fn read(text: &str) -> Result<Vec<String>, String> {
    let options = SourceOptions {
        list: Some(ListPolicy::Index),
        ..SourceOptions::default()
    };
    let file = Path::new("x.toml");
    let entries = crate::sources::parse(SourceFormat::Toml, text.as_bytes(), file, &options);
    let shown = |entry: Desired| {
        let value = String::from_utf8(entry.value.unwrap()).unwrap();
        format!("{}={value}@{}", entry.key, entry.place.line.unwrap())
    };
    entries
        .map(|entries| entries.into_iter().map(shown).collect())
        .map_err(|error| error.to_string())
}

#[test]
fn scalars_are_cut_from_the_text() {
    let text = "a = 1_000\nb = 0x1F\nc = 1.10\nd = 1979-05-27T07:32:00Z\ne = true\nf = +1e1_0\n\
        g = \"x_\\u00e9\"\nh = '''\nlit\n'''\ni = 0o7\nj = inf\nk = 1979-05-27 07:32:00.50\n";
    assert_eq!(
        read(text).unwrap(),
        [
            "a=1000@1",
            "b=0x1F@2",
            "c=1.10@3",
            "d=1979-05-27T07:32:00Z@4",
            "e=true@5",
            "f=+1e10@6",
            "g=x_é@7",
            "h=lit\n@8",
            "i=0o7@11",
            "j=inf@12",
            "k=1979-05-27 07:32:00.50@13",
        ]
    );
}

#[test]
fn tables_and_dotted_names_are_folders() {
    let text = "[a.b]\nc = 1\nd.e = 2\n\"f.g/h\" = 3\n[[l]]\nx = 1\n[[l]]\nx = {y = 2}\n";
    assert_eq!(
        read(text).unwrap(),
        [
            "a/b/c=1@2",
            "a/b/d/e=2@3",
            "a/b/f.g/h=3@4",
            "l/0/x=1@6",
            "l/1/x/y=2@8"
        ]
    );
    assert_eq!(read("").unwrap(), [""; 0]);
}

#[test]
fn malformed_toml_is_refused_with_its_line() {
    let deep = format!("a = {}", "[".repeat(10_000));
    for (text, words) in [
        ("a = 1\na = 2\n", "x.toml:2: not TOML: "),
        ("a = 1\nb\n", "x.toml:2: not TOML: "),
        ("a = 1\nb = 01\n", "x.toml:2: not TOML: "),
        ("\"\" = 1\n", "x.toml:1: a name is empty"),
        (&deep, "x.toml:1: not TOML: "),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(words), "{error}");
    }
}
