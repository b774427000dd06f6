use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::{Entry, Fields};

fn variables(all: &[(&str, &[u8])]) -> Variables {
    let pack = |name: &str, value| {
        Entry::pack(&Fields {
            key: &format!("k/{name}"),
            value: Some(value),
            ..Fields::default()
        })
    };
    let all = all.iter();
    all.map(|(name, value)| ((*name).to_owned(), pack(name, value)))
        .collect()
}

fn written(format: EnvFormat, variables: &Variables) -> String {
    let mut out = Vec::new();
    format.check(variables).unwrap();
    let no_json = |_: &mut dyn Write, _: &[(&str, &str)]| unreachable!();
    format.write(&mut out, variables, no_json).unwrap();
    String::from_utf8(out).unwrap()
}

fn reason_against(format: EnvFormat, name: &str, value: &[u8]) -> Option<String> {
    let error = format.check(&variables(&[(name, value)])).err()?;
    assert_eq!(error.key, format!("k/{name}"));
    Some(error.reason)
}

#[test]
fn each_format_has_its_own_quotes() {
    let all = variables(&[("A", b"it's $5\n"), ("B", b"plain-1.0"), ("C", b"a b")]);
    assert_eq!(
        written(EnvFormat::Shell, &all),
        "export A='it'\\''s $5\n'\nexport B='plain-1.0'\nexport C='a b'\n"
    );
    assert_eq!(
        written(EnvFormat::Env, &all),
        "A=\"it's \\$5\\n\"\nB=plain-1.0\nC='a b'\n"
    );
    assert_eq!(
        written(EnvFormat::Systemd, &all),
        "A=\"it's \\$5\n\"\nB=\"plain-1.0\"\nC=\"a b\"\n"
    );
    assert_eq!(
        written(EnvFormat::Null, &all),
        "A=it's $5\n\0B=plain-1.0\0C=a b\0"
    );
    let docker = variables(&[("A", b" it's \"$5\" # ")]);
    assert_eq!(written(EnvFormat::Docker, &docker), "A= it's \"$5\" # \n");
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    use EnvFormat::{Docker, Env, Json, Null, Shell, Systemd};
    for format in [Shell, Env, Docker, Json, Systemd] {
        let reason = reason_against(format, "A", b"\xff").unwrap();
        assert!(reason.contains("not UTF-8"), "{format}: {reason}");
    }
    assert_eq!(reason_against(Null, "A", b"\xff"), None);
    for format in [Shell, Env, Systemd] {
        assert!(reason_against(format, "a.b", b"").is_some(), "{format}");
        assert!(reason_against(format, "1a", b"").is_some(), "{format}");
    }
    for format in [Docker, Json, Null] {
        assert_eq!(reason_against(format, "a.b", b""), None, "{format}");
    }
    for name in ["#A", "a b", "a\tb"] {
        assert!(reason_against(Docker, name, b"").is_some(), "{name}");
    }
    for value in ["a\nb", "a\r", "\r\n"] {
        assert!(reason_against(Docker, "A", value.as_bytes()).is_some());
        assert_eq!(reason_against(Env, "A", value.as_bytes()), None);
        assert_eq!(reason_against(Shell, "A", value.as_bytes()), None);
    }
    assert!(reason_against(Docker, "A", &[b'x'; DOCKER_LINE]).is_some());
    assert_eq!(reason_against(Systemd, "A", b"\t\n"), None);
    for value in ["\r", "\x1b", "\x7f"] {
        assert!(reason_against(Systemd, "A", value.as_bytes()).is_some());
    }
    for name in KEPT_BY_SHELLS {
        assert!(reason_against(Shell, name, b"1").is_some());
        assert_eq!(reason_against(Env, name, b"1"), None);
    }
}

/// Reads a line of the grammar of environment files: `'…'` literal, `"…"` with escapes, else trimmed and
/// cut at a `#` behind a blank; an unescaped `$` is an error.
fn read_env(text: &str) -> Option<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let value;
        if let Some(quoted) = after.strip_prefix('\'') {
            let (literal, after) = quoted.split_once('\'')?;
            value = literal.to_owned();
            rest = after.strip_prefix('\n')?;
        } else if let Some(quoted) = after.strip_prefix('"') {
            let mut chars = quoted.chars();
            let mut text = String::new();
            loop {
                match chars.next()? {
                    '"' => break,
                    '$' => return None,
                    '\\' => text.push(match chars.next()? {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        c @ ('\\' | '"' | '$') => c,
                        _ => return None,
                    }),
                    c => text.push(c),
                }
            }
            value = text;
            rest = chars.as_str().strip_prefix('\n')?;
        } else {
            let (line, after) = after.split_once('\n')?;
            if line.contains('$') {
                return None;
            }
            value = line.split(" #").next()?.trim().to_owned();
            rest = after;
        }
        all.insert(name.to_owned(), value);
    }
    Some(all)
}

/// Reads a file as systemd's `parse_env_file_internal` does, as far as double quotes go.
fn read_systemd(text: &str) -> Option<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let mut chars = after.strip_prefix('"')?.chars();
        let mut value = String::new();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => match chars.next()? {
                    c @ ('"' | '\\' | '`' | '$') => value.push(c),
                    '\n' => {}
                    c => value.extend(['\\', c]),
                },
                c => value.push(c),
            }
        }
        rest = chars.as_str().strip_prefix('\n')?;
        all.insert(name.to_owned(), value);
    }
    Some(all)
}

proptest! {
    #[test]
    fn what_is_written_for_files_is_read_back(
        values in prop::collection::vec("[ab \t\n\r\\\\\"'$`#;=!{}ä\u{202e}~*-]{0,8}", 1..4)
    ) {
        let names = ["A", "B", "C"];
        let all: Vec<(&str, &[u8])> = names.iter().zip(&values)
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let expected: BTreeMap<String, String> = names.iter().zip(&values)
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let all = variables(&all);
        prop_assert_eq!(read_env(&written(EnvFormat::Env, &all)), Some(expected.clone()));
        if EnvFormat::Systemd.check(&all).is_ok() {
            prop_assert_eq!(read_systemd(&written(EnvFormat::Systemd, &all)), Some(expected));
        }
    }
}
