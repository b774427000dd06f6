//! One level of keys, with their details.

use std::io::{self, Write};

use super::{Format, json};
use crate::model::Entry;
use crate::term::Ui;

/// Writes size, index, flags, session and the name `key` in columns.
pub fn write_entry(ui: &Ui, key: &str, entry: &Entry) -> io::Result<()> {
    let (size, index, flags) = (entry.value().len(), entry.modified().0, entry.flags());
    let key = ui.shown_key(key);
    let session = ui.shown_key(entry.session().unwrap_or("-"));
    let mut out = ui;
    writeln!(out, "{size:>8} {index:>10} {flags:>6} {session} {key}")
}

/// Writes a folder, of which only the name is known.
pub fn write_folder(ui: &Ui, name: &str, format: Format) -> io::Result<()> {
    match format {
        Format::Json | Format::Jsonl => json::write(ui, &json::Folder::new(name)),
        Format::Text | Format::Raw | Format::Consul => {
            let name = ui.shown_key(name);
            let mut out = ui;
            writeln!(out, "{:>8} {:>10} {:>6} - {name}", "-", "-", "-")
        }
    }
}
