//! What holds for every format.

use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "b",
        ":",
        ": ",
        "- ",
        "? ",
        "\n",
        "\n  ",
        "\r\n",
        "\t",
        " ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "\\",
        "\\u",
        "d83d",
        "&a ",
        "*a",
        "<<: ",
        "!!binary ",
        "!",
        "|",
        ">",
        "|2-",
        "#",
        "%",
        "---\n",
        "...\n",
        "=",
        "\"\"\"",
        "'''",
        "[[",
        "]]",
        "1.1e5",
        "null",
        "~",
        "$",
        "${",
        "export ",
        "\0",
        "\u{feff}",
        "ü",
        "😀",
        "%YAML 1.2\n",
        "@",
        "`",
        "/",
        ".",
        "{\"key\":\"a\",\"value\":\"\"}",
        "0x",
        "_",
        "1979-05-27",
        "T07:32:00Z",
        "\u{85}",
        "\u{2028}",
        "\x0c",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    /// Any text is entries, each key once and in order, or an error of the file.
    #[test]
    fn every_text_is_entries_or_an_error_with_its_place(text in text()) {
        let options = SourceOptions {
            null: Some(NullPolicy::Delete),
            list: Some(ListPolicy::Index),
            folders: true,
            split: Some("__".to_owned()),
            ..SourceOptions::default()
        };
        let json = SourceOptions { list: Some(ListPolicy::Json), ..options.clone() };
        for format in SourceFormat::ALL {
            if format == SourceFormat::Dir {
                continue;
            }
            for options in [&options, &json] {
                match parse(format, text.as_bytes(), Path::new("file"), options) {
                    Ok(entries) => {
                        for entries in entries.windows(2) {
                            prop_assert!(entries[0].key < entries[1].key);
                        }
                    }
                    Err(error) => prop_assert!(error.to_string().starts_with("file")),
                }
            }
        }
    }
}
