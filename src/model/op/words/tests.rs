use super::*;

fn words(text: &str) -> Vec<Vec<u8>> {
    let lines = split(text).unwrap_or_else(|error| panic!("{text:?}: {error:?}"));
    let words = lines.into_iter().flat_map(|line| line.words);
    words.map(|word| word.bytes).collect()
}

fn error(text: &str) -> String {
    split(text).unwrap_err().what
}

#[test]
fn words_are_split_and_quoted_as_in_bash() {
    for (text, expected) in [
        ("", &[][..]),
        ("a  b\tc", &["a", "b", "c"]),
        (r#"'a b'"c d"e"#, &["a bc de"]),
        (r#"'' """#, &["", ""]),
        (r"a\ b \'", &["a b", "'"]),
        (r#""a\"b\\\$\`\n""#, &[r#"a"b\$`\n"#]),
        (r"'a\'", &[r"a\"]),
        ("a # b\nc#d", &["a", "c#d"]),
        ("a\\\nb \\\n c", &["ab", "c"]),
        ("\"a\\\nb\"", &["ab"]),
        ("a\r\nb\r", &["a", "b"]),
        ("'a\r\nb'", &["a\r\nb"]),
        ("$ $a a$ ${b}", &["$", "$a", "a$", "${b}"]),
        (r#""$'a'""#, &["$'a'"]),
        ("ü 'ß'", &["ü", "ß"]),
    ] {
        let expected: Vec<_> = expected.iter().map(|word| word.as_bytes()).collect();
        assert_eq!(words(text), expected, "{text:?}");
    }
}

#[test]
fn a_dollar_and_a_single_quote_begin_bashs_escapes() {
    for (text, expected) in [
        (r"$'two\nlines'", &b"two\nlines"[..]),
        (r"$''", b""),
        (r"a$'\t'b", b"a\tb"),
        (
            r#"$'\a\b\e\E\f\n\r\t\v\\\'\"\?'"#,
            b"\x07\x08\x1b\x1b\x0c\n\r\t\x0b\\'\"?",
        ),
        (r"$'\1\12\101\1011\377\777\0'", b"\x01\nAA1\xff\xff\0"),
        (r"$'\8'", br"\8"),
        (r"$'\x4\x41\x414\xZ'", b"\x04AA4\\xZ"),
        (r"$'\u41\u00e4\u20ac\u20acf\u'", "Aä€€f\\u".as_bytes()),
        (r"$'\U1F600\U0001f6001'", "😀😀1".as_bytes()),
        (r"$'\ca\cA\c?\c[\c\\x\c'", b"\x01\x01\x7f\x1b\x1cx\\c"),
        (r"$'\z\ä'", r"\z\ä".as_bytes()),
        ("$'a\nb'", b"a\nb"),
        (r#"$'"$a`'"#, b"\"$a`"),
    ] {
        assert_eq!(words(text), [expected], "{text}");
    }
    assert_eq!(error(r"$'\ud800'"), r"\ud800 is not a character");
    assert_eq!(error(r"$'\UFFFFFFFF'"), r"\Uffffffff is not a character");
}

#[test]
fn what_bash_would_translate_or_not_end_is_refused() {
    assert!(error(r#"set k $"text""#).starts_with("$\"…\" is a text that bash translates"));
    for text in ["'a", "\"a", "$'a", r"$'a\'", r#""a\""#, r#""a\"#, r"$'a\"] {
        assert_eq!(error(text), "a quote is not closed", "{text}");
    }
    assert_eq!(error("a\\"), "a backslash is the last character");
}

#[test]
fn lines_know_their_number_and_words_their_place() {
    let text = "\n# c\n a 'b\nb'\n\nd";
    let lines = split(text).unwrap();
    let numbers: Vec<_> = lines.iter().map(|line| line.number).collect();
    assert_eq!(numbers, [3, 6]);
    let word = &lines[0].words[1];
    assert_eq!(&text[word.start..word.end], "'b\nb'");
    assert_eq!(split("a\n'b\nc\n").unwrap_err().line, 2);
}

#[test]
fn quoted_blanks_are_read_once() {
    // Were all of them looked at for each quote, this would take minutes.
    let text = "\" \"".repeat(1 << 19);
    let started = std::time::Instant::now();
    let word = &split(&text).unwrap()[0].words[0];
    assert_eq!((word.bytes.len(), word.lost_quotes), (1 << 19, false));
    let time = started.elapsed();
    assert!(time < std::time::Duration::from_secs(10), "{time:?}");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text: String) {
        let _ = split(&text);
    }

    #[test]
    fn what_is_quoted_for_a_shell_comes_back(list: Vec<String>) {
        let list: Vec<_> = list.into_iter().map(|word| word.replace('\0', "")).collect();
        let text = shlex::try_join(list.iter().map(String::as_str)).unwrap();
        let list: Vec<_> = list.into_iter().map(String::into_bytes).collect();
        proptest::prop_assert_eq!(words(&text), list);
    }
}
