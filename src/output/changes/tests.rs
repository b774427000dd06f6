//! Changes as text, byte for byte.

use std::time::SystemTime;

use super::*;
use crate::model::{Continuity, Fields, Index, TargetId};

const PLAIN: Style = Style {
    terminal: false,
    color: false,
};

const TERMINAL: Style = Style {
    terminal: true,
    color: false,
};

fn entry(value: &[u8]) -> Fields<'_> {
    Fields {
        key: "app/name",
        value: Some(value),
        created: 5,
        modified: 7,
        ..Fields::default()
    }
}

fn describe(before: Option<Fields<'_>>, after: Option<Fields<'_>>, style: Style) -> String {
    let change = Change {
        target: TargetId(0),
        before: before.map(|fields| Entry::pack(&fields)),
        after: after.map(|fields| Entry::pack(&fields)),
        index: Index(7),
        seen: SystemTime::UNIX_EPOCH,
        continuity: Continuity::Kept,
    };
    let text = written(&change, &how(style));
    text.strip_prefix("1970-01-01T00:00:00Z index 7 ")
        .unwrap_or(&text)
        .to_owned()
}

fn how(style: Style) -> ChangeStyle {
    ChangeStyle {
        style,
        values: true,
        full: false,
        time: TimeFormat::Utc,
    }
}

fn written(change: &Change, how: &ChangeStyle) -> String {
    let mut out = Vec::new();
    write(&mut out, change, how).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_kind_has_its_sign() {
    let (old, new) = (entry(b"old"), entry(b"new"));
    assert_eq!(describe(None, Some(new), PLAIN), "+ app/name = new\n");
    assert_eq!(
        describe(Some(old), Some(new), PLAIN),
        "~ app/name: old → new\n"
    );
    assert_eq!(describe(Some(old), None, PLAIN), "- app/name\n");
}

#[test]
fn an_empty_value_is_seen() {
    for style in [PLAIN, TERMINAL] {
        let text = describe(None, Some(entry(b"")), style);
        assert_eq!(text, "+ app/name = \"\"\n");
    }
}

#[test]
fn values_can_be_left_out() {
    let change = |before: Option<&[u8]>, after: Option<&[u8]>| Change {
        target: TargetId(0),
        before: before.map(|value| Entry::pack(&entry(value))),
        after: after.map(|value| Entry::pack(&entry(value))),
        index: Index(7),
        seen: SystemTime::UNIX_EPOCH,
        continuity: Continuity::Kept,
    };
    let how = ChangeStyle {
        values: false,
        time: TimeFormat::None,
        ..how(PLAIN)
    };
    let text = |before, after| written(&change(before, after), &how);
    assert_eq!(text(None, Some(b"v")), "index 7 + app/name\n");
    assert_eq!(text(Some(b"v"), Some(b"w")), "index 7 ~ app/name\n");
    assert_eq!(text(Some(b"v"), None), "index 7 - app/name\n");
}

#[test]
fn flags_are_shown_where_they_differ() {
    let flagged = Fields {
        flags: 3,
        ..entry(b"v")
    };
    assert_eq!(
        describe(None, Some(flagged), PLAIN),
        "+ app/name = v (flags 3)\n"
    );
    let update = describe(Some(entry(b"v")), Some(flagged), PLAIN);
    assert_eq!(update, "~ app/name (flags 0 → 3)\n");
    let both = describe(Some(flagged), Some(entry(b"w")), PLAIN);
    assert_eq!(both, "~ app/name: v → w (flags 3 → 0)\n");
}

#[test]
fn a_lock_names_its_session() {
    let locked = Fields {
        session: Some("s-1"),
        ..entry(b"v")
    };
    let (free, held) = (Some(entry(b"v")), Some(locked));
    assert_eq!(describe(free, held, PLAIN), "~ app/name: locked by s-1\n");
    assert_eq!(describe(held, free, PLAIN), "~ app/name: released by s-1\n");
}

#[test]
fn a_key_that_is_created_again_is_marked() {
    let new = Fields {
        created: 7,
        ..entry(b"new")
    };
    let update = describe(Some(entry(b"old")), Some(new), PLAIN);
    assert_eq!(update, "~ app/name: old → new (recreated)\n");
}

#[test]
fn values_of_several_lines_are_a_diff_or_a_block_on_a_terminal() {
    let (old, new) = (entry(b"a\nb\n"), entry(b"a\nc\n"));
    assert_eq!(
        describe(Some(old), Some(new), TERMINAL),
        "~ app/name\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    );
    assert_eq!(
        describe(None, Some(new), TERMINAL),
        "+ app/name =\n    a\n    c\n"
    );
    let long = "x\n".repeat(102);
    let text = describe(None, Some(entry(long.as_bytes())), TERMINAL);
    assert!(text.ends_with("    x\n    … +2 lines\n"), "{text}");
}

#[test]
fn text_of_several_lines_is_not_compared_with_bytes() {
    let (lines, binary) = (entry(b"a\nb\n"), entry(b"\xff\xfe"));
    assert_eq!(
        describe(Some(binary), Some(lines), TERMINAL),
        "~ app/name: <binary, 2 bytes> →\n    a\n    b\n"
    );
    assert_eq!(
        describe(Some(lines), Some(binary), TERMINAL),
        "~ app/name: <text, 2 lines> → <binary, 2 bytes>\n"
    );
}

#[test]
fn a_change_is_one_line_in_a_pipe() {
    let (old, new) = (entry(b"a\nb\n"), entry(b"\xff"));
    assert_eq!(
        describe(Some(old), Some(new), PLAIN),
        "~ app/name: \"a\\nb\\n\" → base64:/w==\n"
    );
    let forged = Fields {
        key: "a\n+ b",
        ..entry(b"x")
    };
    assert_eq!(describe(None, Some(forged), PLAIN), "+ \"a\\n+ b\" = x\n");
}

#[test]
fn a_value_that_is_not_remembered_is_shown_as_such() {
    let old = Fields {
        value: None,
        ..entry(b"")
    };
    assert_eq!(
        describe(Some(old), Some(entry(b"new")), PLAIN),
        "~ app/name: (not remembered) → new\n"
    );
}

#[test]
fn stored_characters_do_not_control_a_terminal() {
    let new = Fields {
        key: "a\nb",
        ..entry(b"\x1b[2J")
    };
    assert_eq!(
        describe(None, Some(new), TERMINAL),
        "+ a\\x0ab = \\x1b[2J\n"
    );
}

#[test]
fn colour_marks_the_sign_and_the_key() {
    let colored = Style {
        terminal: true,
        color: true,
    };
    let text = describe(None, Some(entry(b"v")), colored);
    assert_eq!(
        text,
        "\u{1b}[2m1970-01-01T00:00:00Z index 7\u{1b}[0m \u{1b}[32m+ app/name\u{1b}[0m = v\n"
    );
}
