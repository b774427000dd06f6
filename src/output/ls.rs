//! One level of keys, with their details.

use std::io::{self, Write};

use super::{Format, json, value_line};
use crate::model::Entry;
use crate::term::{Color, Ui, bytes};

/// Writes the names of the columns, on a terminal.
pub fn write_header(ui: &Ui) -> io::Result<()> {
    if !ui.out_is_terminal() {
        return Ok(());
    }
    let header = format!(
        "{:>11} {:>10} {:>6} {} {}",
        "SIZE", "INDEX", "FLAGS", "SESSION", "KEY"
    );
    let mut out = ui;
    writeln!(out, "{}", Color::Faint.paint(&header, ui.style().color))
}

/// Writes size, index, flags, session and the name `key` in columns. A pipe gets the exact number of bytes.
pub fn write_entry(ui: &Ui, key: &str, entry: &Entry) -> io::Result<()> {
    let (size, index, flags) = (entry.value().len(), entry.modified().0, entry.flags());
    let key = value_line::line_name(key, ui.style());
    let session = value_line::line_name(entry.session().unwrap_or("-"), ui.style());
    let mut out = ui;
    match ui.out_is_terminal() {
        true => {
            let size = bytes(size as u64);
            writeln!(out, "{size:>11} {index:>10} {flags:>6} {session:<7} {key}")
        }
        false => writeln!(out, "{size:>8} {index:>10} {flags:>6} {session} {key}"),
    }
}

/// Writes a folder, of which only the name is known.
pub fn write_folder(ui: &Ui, name: &str, format: Format) -> io::Result<()> {
    match format {
        Format::Json | Format::Jsonl => json::write(ui, &json::Folder::new(name)),
        Format::Text | Format::Raw | Format::Consul => {
            let name =
                Color::Folder.paint(&value_line::line_name(name, ui.style()), ui.style().color);
            let mut out = ui;
            match ui.out_is_terminal() {
                true => writeln!(out, "{:>11} {:>10} {:>6} {:<7} {name}", "-", "-", "-", "-"),
                false => writeln!(out, "{:>8} {:>10} {:>6} - {name}", "-", "-", "-"),
            }
        }
    }
}
