//! Changes as text.

use std::borrow::Cow;
use std::io::{self, Write};

use super::line_diff;
use super::time::seconds;
use crate::model::{Change, Entry, Kind};
use crate::term::{self, Color};

/// How the reader of a stream is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// A person reads it on a terminal, which nothing stored may drive.
    pub terminal: bool,
    /// In colour.
    pub color: bool,
}

impl Style {
    /// A key as the stream may show it.
    pub fn key(self, key: &str) -> Cow<'_, str> {
        if self.terminal {
            term::key(key)
        } else {
            Cow::Borrowed(key)
        }
    }

    /// Text of a value.
    pub fn value(self, text: &str) -> Cow<'_, str> {
        if self.terminal {
            term::value(text.as_bytes())
        } else {
            Cow::Borrowed(text)
        }
    }

    fn bytes(self, value: &[u8]) -> Cow<'_, [u8]> {
        if self.terminal {
            term::value_bytes(value)
        } else {
            Cow::Borrowed(value)
        }
    }
}

/// One change: time and index, a sign, the key, and what became of its value. A line, or a line and
/// a diff where a value has several.
pub fn write(out: &mut impl Write, change: &Change, style: Style) -> io::Result<()> {
    let when = format!("{} {}", seconds(change.seen), change.index);
    let (sign, color) = sign(change.kind());
    let key = style.key(change.key());
    let head = color.paint(&format!("{sign} {key}"), style.color);
    write!(out, "{} {head}", Color::Faint.paint(&when, style.color))?;
    match (&change.before, &change.after) {
        (None, Some(after)) => created(out, after, style),
        (Some(before), Some(after)) => updated(out, change, before, after, style),
        (_, None) => writeln!(out),
    }
}

fn sign(kind: Kind) -> (char, Color) {
    match kind {
        Kind::Create => ('+', Color::Added),
        Kind::Delete => ('-', Color::Removed),
        Kind::Update | Kind::Lock | Kind::Unlock => ('~', Color::Changed),
    }
}

fn created(out: &mut impl Write, after: &Entry, style: Style) -> io::Result<()> {
    if let Some(lines) = lines(after) {
        writeln!(out, "{}", flags(None, after))?;
        return line_diff::write(out, "", lines, style);
    }
    out.write_all(b" =")?;
    if !after.value().is_empty() {
        out.write_all(b" ")?;
        out.write_all(&style.bytes(after.value()))?;
    }
    writeln!(out, "{}", flags(None, after))
}

fn updated(
    out: &mut impl Write,
    change: &Change,
    before: &Entry,
    after: &Entry,
    style: Style,
) -> io::Result<()> {
    let recreated = if change.recreated() {
        " (recreated)"
    } else {
        ""
    };
    match (change.kind(), after.session().or(before.session())) {
        (Kind::Lock, Some(session)) => {
            return writeln!(out, ": locked by {}{recreated}", style.key(session));
        }
        (Kind::Unlock, Some(session)) => {
            return writeln!(out, ": released by {}{recreated}", style.key(session));
        }
        _ => {}
    }
    let rest = format!("{}{recreated}", flags(Some(before), after));
    if before.value_known() && before.value() == after.value() {
        return writeln!(out, "{rest}");
    }
    if lines(before).is_some() || lines(after).is_some() {
        if let (Ok(old), Ok(new)) = (text(before), text(after)) {
            writeln!(out, "{rest}")?;
            return line_diff::write(out, old, new, style);
        }
    }
    out.write_all(b": ")?;
    if before.value_known() {
        out.write_all(&style.bytes(before.value()))?;
    } else {
        out.write_all(b"(not remembered)")?;
    }
    out.write_all(" → ".as_bytes())?;
    out.write_all(&style.bytes(after.value()))?;
    writeln!(out, "{rest}")
}

/// The flags where they say something: they differ, or a new key has some.
fn flags(before: Option<&Entry>, after: &Entry) -> String {
    let (old, new) = (before.map_or(0, Entry::flags), after.flags());
    match before {
        _ if old == new => String::new(),
        Some(_) => format!(" (flags {old} → {new})"),
        None => format!(" (flags {new})"),
    }
}

/// The value, if it is text of several lines. One newline at its end makes none.
fn lines(entry: &Entry) -> Option<&str> {
    let text = text(entry).ok()?;
    let inner = text.strip_suffix('\n').unwrap_or(text);
    inner.contains('\n').then_some(text)
}

fn text(entry: &Entry) -> Result<&str, std::str::Utf8Error> {
    std::str::from_utf8(entry.value())
}

#[cfg(test)]
mod tests {
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

    fn told(before: Option<Fields<'_>>, after: Option<Fields<'_>>, style: Style) -> String {
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
        assert_eq!(told(None, Some(new), PLAIN), "+ app/name = new\n");
        assert_eq!(told(Some(old), Some(new), PLAIN), "~ app/name: old → new\n");
        assert_eq!(told(Some(old), None, PLAIN), "- app/name\n");
    }

    #[test]
    fn an_empty_value_leaves_no_blank_at_the_end() {
        assert_eq!(told(None, Some(entry(b"")), PLAIN), "+ app/name =\n");
    }

    #[test]
    fn flags_are_told_where_they_differ() {
        let flagged = Fields {
            flags: 3,
            ..entry(b"v")
        };
        assert_eq!(
            told(None, Some(flagged), PLAIN),
            "+ app/name = v (flags 3)\n"
        );
        let update = told(Some(entry(b"v")), Some(flagged), PLAIN);
        assert_eq!(update, "~ app/name (flags 0 → 3)\n");
        let both = told(Some(flagged), Some(entry(b"w")), PLAIN);
        assert_eq!(both, "~ app/name: v → w (flags 3 → 0)\n");
    }

    #[test]
    fn a_lock_names_its_session() {
        let locked = Fields {
            session: Some("s-1"),
            ..entry(b"v")
        };
        let (free, held) = (Some(entry(b"v")), Some(locked));
        assert_eq!(told(free, held, PLAIN), "~ app/name: locked by s-1\n");
        assert_eq!(told(held, free, PLAIN), "~ app/name: released by s-1\n");
    }

    #[test]
    fn a_key_made_again_is_marked() {
        let new = Fields {
            created: 7,
            ..entry(b"new")
        };
        let update = told(Some(entry(b"old")), Some(new), PLAIN);
        assert_eq!(update, "~ app/name: old → new (recreated)\n");
    }

    #[test]
    fn values_of_several_lines_are_a_diff() {
        let (old, new) = (entry(b"a\nb\n"), entry(b"a\nc\n"));
        assert_eq!(
            told(Some(old), Some(new), PLAIN),
            "~ app/name\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        );
        assert_eq!(
            told(None, Some(new), PLAIN),
            "+ app/name\n@@ -0,0 +1,2 @@\n+a\n+c\n"
        );
    }

    #[test]
    fn a_value_that_is_not_remembered_is_said_so() {
        let old = Fields {
            value: None,
            ..entry(b"")
        };
        assert_eq!(
            told(Some(old), Some(entry(b"new")), PLAIN),
            "~ app/name: (not remembered) → new\n"
        );
    }

    #[test]
    fn a_terminal_is_not_driven_by_what_is_stored() {
        let terminal = Style {
            terminal: true,
            color: false,
        };
        let new = Fields {
            key: "a\nb",
            ..entry(b"\x1b[2J")
        };
        assert_eq!(told(None, Some(new), terminal), "+ a\\nb = \\u{1b}[2J\n");
    }

    #[test]
    fn colour_marks_the_sign_and_the_key() {
        let colored = Style {
            terminal: true,
            color: true,
        };
        let text = told(None, Some(entry(b"v")), colored);
        assert!(
            text.contains("\u{1b}[38;5;10m+ app/name") || text.contains("+ app/name\u{1b}["),
            "{text:?}"
        );
    }
}
