//! One level with what its keys hold.

use std::io::{self, Write};

use super::{Format, json};
use crate::model::Entry;
use crate::term::Ui;

/// Size, index, flags, session and key in columns.
pub fn entry(ui: &Ui, entry: &Entry) -> io::Result<()> {
    let (size, index, flags) = (entry.value().len(), entry.modified().0, entry.flags());
    let key = ui.shown_key(entry.key());
    let session = ui.shown_key(entry.session().unwrap_or("-"));
    let mut out = ui;
    writeln!(out, "{size:>8} {index:>10} {flags:>6} {session} {key}")
}

/// A folder, of which nothing is known but its name.
pub fn folder(ui: &Ui, name: &str, format: Format) -> io::Result<()> {
    match format {
        Format::Json | Format::Jsonl => {
            let folder = json::Folder {
                key: name,
                folder: true,
            };
            json::write(ui, &folder)
        }
        Format::Text | Format::Raw | Format::Consul => {
            let name = ui.shown_key(name);
            let mut out = ui;
            writeln!(out, "{:>8} {:>10} {:>6} - {name}", "-", "-", "-")
        }
    }
}
