//! How a wait ended.

use std::io;

use serde::Serialize;

use super::{Format, entry, json};
use crate::model::Entry;
use crate::term::Ui;

#[derive(Serialize)]
struct Met<'a> {
    met: bool,
    entries: Vec<json::Entry<'a>>,
}

#[derive(Serialize)]
struct Unmet<'a> {
    met: bool,
    unmet: &'a [String],
}

/// The conditions hold: the entries of their keys, `key:value` a line or in one JSON object.
pub fn met<'a>(
    ui: &Ui,
    entries: impl Iterator<Item = &'a Entry>,
    format: Format,
) -> io::Result<()> {
    if format != Format::Json {
        for found in entries {
            entry::line(ui, found.key(), found.value(), false)?;
        }
        return Ok(());
    }
    let entries = entries.map(json::Entry::from).collect();
    json::line(ui, &Met { met: true, entries })
}

/// They do not, in JSON.
pub fn unmet(ui: &Ui, unmet: &[String]) -> io::Result<()> {
    json::line(ui, &Unmet { met: false, unmet })
}
