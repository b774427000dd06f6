//! Plans as text: a line a change, or a line and a diff where a value has several lines.

use std::io::{self, Write};

use super::{SecretMask, line_diff, value_line};
use crate::model::{ChangePlan, Entry, PlannedChange, PlannedOp};
use crate::term::{Color, Style};

/// Writes the changes of a plan.
pub fn write(
    out: &mut impl Write,
    plan: &ChangePlan,
    mask: &SecretMask,
    style: Style,
) -> io::Result<()> {
    for change in &plan.changes {
        write_change(out, change, mask, style)?;
    }
    Ok(())
}

/// Returns the counts of a plan: `2 to write, 1 to delete, 40 unchanged, 1 skipped (locked)`.
pub fn summary(plan: &ChangePlan) -> String {
    let mut text = format!("{} to write", plan.writes());
    if plan.deletes() > 0 {
        text.push_str(&format!(", {} to delete", plan.deletes()));
    }
    text.push_str(&format!(", {} unchanged", plan.unchanged));
    if plan.unmanaged > 0 {
        text.push_str(&format!(", {} unmanaged", plan.unmanaged));
    }
    if !plan.skipped.is_empty() {
        let mut reasons: Vec<_> = plan.skipped.iter().map(|skipped| skipped.reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        let names: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
        text.push_str(&format!(
            ", {} skipped ({})",
            plan.skipped.len(),
            names.join(", ")
        ));
    }
    text
}

fn write_change(
    out: &mut impl Write,
    change: &PlannedChange,
    mask: &SecretMask,
    style: Style,
) -> io::Result<()> {
    let name = change.key.as_str();
    let (sign, color) = match change.op() {
        PlannedOp::Create => ('+', Color::Added),
        PlannedOp::Update => ('~', Color::Changed),
        PlannedOp::Delete => ('-', Color::Removed),
    };
    let head = format!("{sign} {}", value_line::line_name(name, style));
    out.write_all(color.paint(&head, style.color).as_bytes())?;
    let (old, new) = (
        change.before.as_ref().map(Entry::value),
        change.after.as_ref().map(|after| &*after.value),
    );
    let (old_flags, new_flags) = (
        change.before.as_ref().map_or(0, Entry::flags),
        change.after.as_ref().map_or(0, |after| after.flags),
    );
    let flags = match change.op() {
        _ if old_flags == new_flags => String::new(),
        PlannedOp::Update => format!(" (flags {old_flags} → {new_flags})"),
        PlannedOp::Create => format!(" (flags {new_flags})"),
        PlannedOp::Delete => format!(" (flags {old_flags})"),
    };
    let held = if change.is_locked() { " (locked)" } else { "" };
    let texts = [old, new].map(|value| value.map_or(Ok(""), std::str::from_utf8));
    let is_secret =
        |value: Option<&[u8]>| value.is_some_and(|value| mask.describe(name, value).is_some());
    if let ([Ok(old_text), Ok(new_text)], false) = (texts, is_secret(old) || is_secret(new)) {
        let has_lines = |text: &str| text.strip_suffix('\n').unwrap_or(text).contains('\n');
        if old != new && (has_lines(old_text) || has_lines(new_text)) {
            writeln!(out, "{flags}{held}")?;
            return line_diff::write(out, old_text, new_text, style, None);
        }
    }
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(old), Some(new)) => {
            let (old, new) = shown_values(name, old, new, mask, style);
            write!(out, ": {old} → {new}")?;
        }
        (Some(value), None) | (None, Some(value)) => {
            write!(out, " = {}", shown_value(name, value, mask, style))?;
        }
        (None, None) => {}
    }
    writeln!(out, "{flags}{held}")
}

/// Returns two values as a line may show them; a terminal shows where they differ.
fn shown_values(
    key: &str,
    old: &[u8],
    new: &[u8],
    mask: &SecretMask,
    style: Style,
) -> (String, String) {
    match style.terminal && mask.describe(key, old).is_none() {
        true => value_line::brief_change(old, new, false, style),
        false => {
            let shown = |value| shown_value(key, value, mask, style);
            (shown(old), shown(new))
        }
    }
}

/// Returns a value as a line may show it. Of one that is no text only the size is of use to who reads a plan.
fn shown_value(key: &str, value: &[u8], mask: &SecretMask, style: Style) -> String {
    match mask.describe(key, value) {
        Some(described) => described,
        None if style.terminal => value_line::brief(value, false),
        None if std::str::from_utf8(value).is_err() => value_line::binary(value),
        None => value_line::exact(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EntryContent, Fields, Glob, Key};

    const PLAIN: Style = Style {
        terminal: false,
        color: false,
    };

    fn text(before: Option<&[u8]>, after: Option<&[u8]>, mask: &SecretMask) -> String {
        let change = PlannedChange {
            key: Key::new("k").unwrap(),
            before: before.map(|value| {
                Entry::pack(&Fields {
                    key: "k",
                    value: Some(value),
                    ..Fields::default()
                })
            }),
            after: after.map(|value| EntryContent {
                value: value.to_vec(),
                flags: 0,
            }),
            place: None,
        };
        let mut out = Vec::new();
        write_change(&mut out, &change, mask, PLAIN).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_change_is_a_line_or_a_diff() {
        let mask = SecretMask::default();
        assert_eq!(text(Some(b"1"), Some(b"2"), &mask), "~ k: 1 → 2\n");
        assert_eq!(text(None, Some(b"2"), &mask), "+ k = 2\n");
        assert_eq!(text(Some(b"1"), None, &mask), "- k = 1\n");
        assert_eq!(text(Some(b"1"), Some(b"1\n"), &mask), "~ k: 1 → \"1\\n\"\n");
        assert_eq!(text(None, Some(b"\xff"), &mask), "+ k = <binary, 1 byte>\n");
        let diff = text(Some(b"a\nb\n"), Some(b"a\nc\n"), &mask);
        assert_eq!(diff, "~ k\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let mask = SecretMask::new(vec![Glob::new("k").unwrap()], [1; 32]);
        let shown = text(Some(b"old\nlines"), Some(b"new\nlines"), &mask);
        assert!(shown.contains("(secret, 9 bytes, #"), "{shown}");
        assert!(!shown.contains("lines"), "{shown}");
    }
}
