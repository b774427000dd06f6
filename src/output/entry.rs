//! Entries as text.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Format, consul, json};
use crate::model::Entry;
use crate::term::{Color, Ui};

/// How values are written.
#[derive(Debug, Clone, Copy, Default)]
pub struct ValueStyle {
    /// In base64.
    pub base64: bool,
    /// With a newline at the end of each value that does not end in one.
    pub newline: bool,
    /// With a NUL behind each name and value of a list, which neither can be mistaken for.
    pub null: bool,
}

impl ValueStyle {
    /// Returns the end of a line that ends with these bytes of a value. Without `newline` the value's
    /// own last newline is not taken for it.
    fn line_end(self, bytes: &[u8]) -> &'static [u8] {
        match self.newline && bytes.ends_with(b"\n") {
            true => b"",
            false => b"\n",
        }
    }
}

/// Converts a value for stdout: escaped on a terminal, unchanged in a pipe, or base64 on request.
fn printable<'a>(ui: &Ui, value: &'a [u8], base64: bool) -> Cow<'a, [u8]> {
    if base64 {
        Cow::Owned(STANDARD.encode(value).into_bytes())
    } else {
        ui.style().bytes(value)
    }
}

/// Writes the value alone: byte for byte in a pipe, with a newline at its end on a terminal or on
/// request. Base64 is a line.
pub fn write_value(ui: &Ui, value: &[u8], style: ValueStyle) -> io::Result<()> {
    let bytes = printable(ui, value, style.base64);
    if style.null {
        let mut out = ui;
        out.write_all(&bytes)?;
        return out.write_all(b"\0");
    }
    let wanted = style.base64 || style.newline || ui.out_is_terminal();
    let newline = wanted && !bytes.ends_with(b"\n");
    let mut out = ui;
    out.write_all(&bytes)?;
    if newline {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes the exact bytes of a value, with a newline at their end on request.
pub fn write_raw(ui: &Ui, value: &[u8], style: ValueStyle) -> io::Result<()> {
    if style.base64 {
        return write_value(ui, value, style);
    }
    let mut out = ui;
    out.write_all(value)?;
    if style.newline {
        out.write_all(style.line_end(value))?;
    }
    Ok(())
}

/// Writes a name of a list, in the format of the list; in text with a NUL behind it, or a newline.
pub fn write_name(ui: &Ui, key: &str, format: Format, null: bool) -> io::Result<()> {
    match format {
        Format::Json | Format::Jsonl => json::write(ui, key),
        Format::Consul => {
            let terminal = ui.out_is_terminal();
            consul::write(ui, &key, terminal)
        }
        Format::Text | Format::Raw => {
            let mut out = ui;
            // A script gets one write a name.
            if ui.style().color && !null && key.ends_with('/') {
                let folder = Color::Folder.paint(&ui.shown_key(key), true);
                return writeln!(out, "{folder}");
            }
            let key = ui.shown_key(key);
            write!(out, "{key}{}", if null { '\0' } else { '\n' })
        }
    }
}

/// Writes `key:value`, as `consul kv get -recurse`; with NULs instead on request.
pub fn write_line(ui: &Ui, key: &str, value: &[u8], style: ValueStyle) -> io::Result<()> {
    let (key, value) = (ui.shown_key(key), printable(ui, value, style.base64));
    let mut out = ui;
    match ui.style().color && !style.null {
        true => out.write_all(Color::Key.paint(&key, true).as_bytes())?,
        false => out.write_all(key.as_bytes())?,
    }
    if style.null {
        out.write_all(b"\0")?;
        out.write_all(&value)?;
        return out.write_all(b"\0");
    }
    out.write_all(b":")?;
    out.write_all(&value)?;
    out.write_all(style.line_end(&value))
}

/// Writes all fields in two columns, as `consul kv get -detailed`, under the name `key`. `gap` writes
/// the empty line between entries first.
pub fn write_detailed(
    ui: &Ui,
    key: &str,
    entry: &Entry,
    gap: bool,
    style: ValueStyle,
) -> io::Result<()> {
    let key = ui.shown_key(key).into_owned();
    let session = entry.session().unwrap_or("-");
    let session = ui.shown_key(session).into_owned();
    let value = printable(ui, entry.value(), style.base64);
    let mut out = ui;
    if gap {
        writeln!(out)?;
    }
    writeln!(out, "CreateIndex      {}", entry.created())?;
    writeln!(out, "Flags            {}", entry.flags())?;
    writeln!(out, "Key              {key}")?;
    writeln!(out, "LockIndex        {}", entry.locked())?;
    writeln!(out, "ModifyIndex      {}", entry.modified())?;
    writeln!(out, "Session          {session}")?;
    out.write_all(b"Value            ")?;
    out.write_all(&value)?;
    out.write_all(style.line_end(&value))
}
