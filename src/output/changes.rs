//! Changes as text.

use std::io::{self, Write};

use super::line_diff;
use super::time::TimeFormat;
use super::value_line;
use crate::model::{Change, ChangeKind, Entry};
use crate::term::{Color, Style, escape_line, plural};

/// The lines of a value that a terminal shows.
const LINES: usize = 100;

/// How changes are written.
#[derive(Debug, Clone)]
pub struct ChangeStyle {
    /// How text is written to the stream.
    pub style: Style,
    /// Whether values are shown at all.
    pub values: bool,
    /// Whether a terminal gets all of long and binary values too.
    pub full: bool,
    /// How times are written.
    pub time: TimeFormat,
}

/// Writes a change: time and index, a sign, the key, and the change of its value. A line in a pipe; on a
/// terminal a line, or a line and a block where a value has several lines.
pub fn write(out: &mut impl Write, change: &Change, how: &ChangeStyle) -> io::Result<()> {
    let style = how.style;
    let time = how.time.format(change.seen);
    let when = format!(
        "{time}{}index {}",
        if time.is_empty() { "" } else { " " },
        change.index
    );
    write!(out, "{} ", Color::Faint.paint(&when, style.color))?;
    write_change(out, change, how)
}

/// Returns the lines of a change without its time and index: a sign, the key, and the change of its value.
pub fn lines(change: &Change, how: &ChangeStyle) -> Vec<String> {
    let mut out = Vec::new();
    // A vector takes all.
    let _ = write_change(&mut out, change, how);
    let text = String::from_utf8_lossy(&out);
    text.lines().map(str::to_owned).collect()
}

fn write_change(out: &mut impl Write, change: &Change, how: &ChangeStyle) -> io::Result<()> {
    let style = how.style;
    let (sign, color) = sign_of(change.kind());
    let key = value_line::line_name(change.key(), style);
    let head = color.paint(&format!("{sign} {key}"), style.color);
    write!(out, "{head}")?;
    match (&change.before, &change.after) {
        (None, Some(after)) => write_created(out, after, how),
        (Some(before), Some(after)) => write_updated(out, change, before, after, how),
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

fn write_created(out: &mut impl Write, after: &Entry, how: &ChangeStyle) -> io::Result<()> {
    let flags = format_flags(None, after);
    if !how.values {
        return writeln!(out, "{flags}");
    }
    if let Some(lines) = block(after, how) {
        writeln!(out, " ={flags}")?;
        return write_block(out, lines, how);
    }
    writeln!(out, " = {}{flags}", one_line(after, how))
}

fn write_updated(
    out: &mut impl Write,
    change: &Change,
    before: &Entry,
    after: &Entry,
    how: &ChangeStyle,
) -> io::Result<()> {
    let style = how.style;
    let recreated = if change.recreated() {
        " (recreated)"
    } else {
        ""
    };
    match (change.kind(), after.session().or(before.session())) {
        (ChangeKind::Lock, Some(session)) => {
            return writeln!(
                out,
                ": locked by {}{recreated}",
                value_line::line_name(session, style)
            );
        }
        (ChangeKind::Unlock, Some(session)) => {
            return writeln!(
                out,
                ": released by {}{recreated}",
                value_line::line_name(session, style)
            );
        }
        _ => {}
    }
    let rest = format!("{}{recreated}", format_flags(Some(before), after));
    if !how.values || before.value_known() && before.value() == after.value() {
        return writeln!(out, "{rest}");
    }
    let has_block = block(before, how).is_some() || block(after, how).is_some();
    if let (true, true, Ok(old), Ok(new)) =
        (has_block, before.value_known(), text(before), text(after))
    {
        writeln!(out, "{rest}")?;
        let limit = (!how.full).then_some(LINES);
        return line_diff::write(out, old, new, style, limit);
    }
    if !before.value_known() {
        write!(out, ": (not remembered) →")?;
        return write_new_value(out, after, &rest, how);
    }
    if has_block {
        write!(out, ": {} →", describe_size(before))?;
        return write_new_value(out, after, &rest, how);
    }
    let (old, new) = match style.terminal {
        true => value_line::brief_change(before.value(), after.value(), how.full, style),
        false => (one_line(before, how), one_line(after, how)),
    };
    writeln!(out, ": {old} → {new}{rest}")
}

/// Writes the value after an arrow, and the rest of the line.
fn write_new_value(
    out: &mut impl Write,
    after: &Entry,
    rest: &str,
    how: &ChangeStyle,
) -> io::Result<()> {
    match block(after, how) {
        Some(lines) => {
            writeln!(out, "{rest}")?;
            write_block(out, lines, how)
        }
        None => writeln!(out, " {}{rest}", one_line(after, how)),
    }
}

/// Describes a value that cannot be compared by lines with the new one.
fn describe_size(entry: &Entry) -> String {
    match text(entry) {
        Ok(text) => format!("<text, {}>", plural(text.lines().count(), "line")),
        Err(_) => value_line::binary(entry.value()),
    }
}

fn one_line(entry: &Entry, how: &ChangeStyle) -> String {
    match how.style.terminal {
        true => value_line::brief(entry.value(), how.full),
        false => value_line::exact(entry.value()),
    }
}

/// Writes the lines of a value, set off from what comes next.
fn write_block(out: &mut impl Write, text: &str, how: &ChangeStyle) -> io::Result<()> {
    let lines = text.lines().count();
    let limit = if how.full { lines } else { LINES };
    for line in text.lines().take(limit) {
        let line = escape_line(line.as_bytes());
        let line = if how.full {
            line
        } else {
            value_line::cut_line(&line)
        };
        writeln!(out, "    {line}")?;
    }
    match lines.saturating_sub(limit) {
        0 => Ok(()),
        1 => writeln!(out, "    … +1 line"),
        more => writeln!(out, "    … +{more} lines"),
    }
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

/// Returns the value, if it is text of several lines and the stream is a terminal. A newline at its end does not count.
fn block<'a>(entry: &'a Entry, how: &ChangeStyle) -> Option<&'a str> {
    let text = text(entry).ok().filter(|_| how.style.terminal)?;
    let inner = text.strip_suffix('\n').unwrap_or(text);
    (inner.contains('\n') && (how.full || !text.contains('\0'))).then_some(text)
}

fn text(entry: &Entry) -> Result<&str, std::str::Utf8Error> {
    std::str::from_utf8(entry.value())
}

#[cfg(test)]
mod tests;
