//! Changes as text, byte for byte.

use std::time::SystemTime;

use super::*;
use crate::model::{Continuity, Fields, Index, TargetId};

const PLAIN: Style = Style {
    terminal: false,
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
    let mut out = Vec::new();
    write(&mut out, &change, style).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.strip_prefix("1970-01-01T00:00:00Z 7 ")
        .unwrap_or(&text)
        .to_owned()
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
fn an_empty_value_leaves_no_blank_at_the_end() {
    assert_eq!(describe(None, Some(entry(b"")), PLAIN), "+ app/name =\n");
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
fn values_of_several_lines_are_a_diff() {
    let (old, new) = (entry(b"a\nb\n"), entry(b"a\nc\n"));
    assert_eq!(
        describe(Some(old), Some(new), PLAIN),
        "~ app/name\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    );
    assert_eq!(
        describe(None, Some(new), PLAIN),
        "+ app/name\n@@ -0,0 +1,2 @@\n+a\n+c\n"
    );
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
    let terminal = Style {
        terminal: true,
        color: false,
    };
    let new = Fields {
        key: "a\nb",
        ..entry(b"\x1b[2J")
    };
    assert_eq!(
        describe(None, Some(new), terminal),
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
    assert!(
        text.contains("\u{1b}[38;5;10m+ app/name") || text.contains("+ app/name\u{1b}["),
        "{text:?}"
    );
}
