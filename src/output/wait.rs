//! The outcome of a wait.

use std::io;

use super::entry::{self, ValueStyle};
use super::{Format, json};
use crate::model::Entry;
use crate::term::Ui;

/// Writes the entries of the keys whose conditions hold: `key:value` a line, or one JSON object.
pub fn write_met<'a>(
    ui: &Ui,
    entries: impl Iterator<Item = &'a Entry>,
    format: Format,
) -> io::Result<()> {
    match format {
        Format::Json => json::write_line(ui, &json::ConditionsMet::new(entries)),
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {
            for found in entries {
                entry::write_line(ui, found.key(), found.value(), ValueStyle::default())?;
            }
            Ok(())
        }
    }
}

/// Writes the conditions that do not hold, in JSON; as text they are an error on stderr.
pub fn write_unmet(ui: &Ui, unmet: &[String], format: Format) -> io::Result<()> {
    match format {
        Format::Json => json::write_line(ui, &json::ConditionsUnmet::new(unmet)),
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => Ok(()),
    }
}
