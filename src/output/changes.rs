//! Changes as text.

use std::io::{self, Write};

use super::line_diff;
use super::time::format_seconds;
use crate::model::{Change, ChangeKind, Entry};
use crate::term::{Color, Style};

/// Writes a change: time and index, a sign, the key, and the change of its value. A line, or a line and
/// a diff where a value has several lines.
pub fn write(out: &mut impl Write, change: &Change, style: Style) -> io::Result<()> {
    let when = format!("{} {}", format_seconds(change.seen), change.index);
    let (sign, color) = sign_of(change.kind());
    let key = style.key(change.key());
    let head = color.paint(&format!("{sign} {key}"), style.color);
    write!(out, "{} {head}", Color::Faint.paint(&when, style.color))?;
    match (&change.before, &change.after) {
        (None, Some(after)) => write_created(out, after, style),
        (Some(before), Some(after)) => write_updated(out, change, before, after, style),
        (_, None) => writeln!(out),
    }
}

fn sign_of(kind: ChangeKind) -> (char, Color) {
    match kind {
        ChangeKind::Create => ('+', Color::Added),
        ChangeKind::Delete => ('-', Color::Removed),
        ChangeKind::Update | ChangeKind::Lock | ChangeKind::Unlock => ('~', Color::Changed),
    }
}

fn write_created(out: &mut impl Write, after: &Entry, style: Style) -> io::Result<()> {
    if let Some(lines) = multiline_text(after) {
        writeln!(out, "{}", format_flags(None, after))?;
        return line_diff::write(out, "", lines, style);
    }
    out.write_all(b" =")?;
    if !after.value().is_empty() {
        out.write_all(b" ")?;
        out.write_all(&style.bytes(after.value()))?;
    }
    writeln!(out, "{}", format_flags(None, after))
}

fn write_updated(
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
        (ChangeKind::Lock, Some(session)) => {
            return writeln!(out, ": locked by {}{recreated}", style.key(session));
        }
        (ChangeKind::Unlock, Some(session)) => {
            return writeln!(out, ": released by {}{recreated}", style.key(session));
        }
        _ => {}
    }
    let rest = format!("{}{recreated}", format_flags(Some(before), after));
    if before.value_known() && before.value() == after.value() {
        return writeln!(out, "{rest}");
    }
    if multiline_text(before).is_some() || multiline_text(after).is_some() {
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

/// Formats the flags where they differ, or where a new key has some.
fn format_flags(before: Option<&Entry>, after: &Entry) -> String {
    let (old, new) = (before.map_or(0, Entry::flags), after.flags());
    match before {
        _ if old == new => String::new(),
        Some(_) => format!(" (flags {old} → {new})"),
        None => format!(" (flags {new})"),
    }
}

/// Returns the value, if it is text of several lines. A newline at its end does not count.
fn multiline_text(entry: &Entry) -> Option<&str> {
    let text = text(entry).ok()?;
    let inner = text.strip_suffix('\n').unwrap_or(text);
    inner.contains('\n').then_some(text)
}

fn text(entry: &Entry) -> Result<&str, std::str::Utf8Error> {
    std::str::from_utf8(entry.value())
}

#[cfg(test)]
mod tests;
