//! The results of an import: in numbers, in words, and as an exit.

use super::rejections::Rejection;
use super::source::DocumentSummary;
use crate::consul::{self, Cause, ErrorClass};
use crate::exit::{Exit, Failure};
use crate::model::{Op, OpError, abbreviate};
use crate::output::{Format, json};
use crate::term::{Ui, plural};

/// The results of an import by number of entries. All others were not written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Written by this import.
    pub written: u64,
    /// Equal to an existing entry.
    pub unchanged: u64,
    /// Left alone because the key exists.
    pub skipped: u64,
    /// Sent, with unknown outcome.
    pub unknown: u64,
    /// Refused by the server, which went on with the others.
    pub refused: u64,
    /// Bytes of the values, except those with unknown outcome.
    pub bytes: u64,
}

impl ImportCounts {
    /// Returns the number of entries with a result.
    pub fn keys(&self) -> u64 {
        self.written + self.unchanged + self.skipped + self.unknown + self.refused
    }
}

/// What to do after an import that did not end.
pub const RUN_AGAIN: &str = "run again, it finishes the job";

/// The results in words; `written` says what became of the entries that differ.
pub fn describe(counts: &ImportCounts, written: &str) -> String {
    let mut text = format!(
        "{} {written}, {} unchanged",
        counts.written, counts.unchanged
    );
    if counts.skipped > 0 {
        text.push_str(&format!(", {} skipped", counts.skipped));
    }
    text
}

/// The results of an import that stopped early, in words.
pub fn describe_stop(counts: &ImportCounts, summary: &DocumentSummary) -> String {
    let done = describe(counts, "written");
    let (unknown, left) = (counts.unknown, summary.keys - counts.keys());
    let left = left + counts.refused;
    format!("import stopped: {done}, {unknown} unknown, {left} not written")
}

/// Prints the results where they are asked for as JSON.
pub fn report(ui: &Ui, format: Format, counts: ImportCounts) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let imported = json::Imported {
                written: counts.written,
                unchanged: counts.unchanged,
                skipped: counts.skipped,
                unknown: counts.unknown,
                refused: counts.refused,
            };
            json::write_line(ui, &imported)?;
        }
        Format::Text | Format::Jsonl | Format::Raw | Format::Consul => {}
    }
    Ok(())
}

/// The error of an import that stopped early, with a hint at what can be done.
pub fn stop_error(
    failure: anyhow::Error,
    counts: &ImportCounts,
    summary: &DocumentSummary,
    rejections: &[Rejection],
    keep_going: bool,
) -> anyhow::Error {
    let stop = describe_stop(counts, summary);
    let Some(error) = cause(&failure) else {
        return failure.context(stop);
    };
    let class = error.class();
    // What is refused for its key says nothing about the others.
    let others_may_succeed = matches!(
        error.cause(),
        Cause::Denied | Cause::TooLarge | Cause::RolledBack
    );
    let hint = match class {
        ErrorClass::Unknown => Some(RUN_AGAIN.to_owned()),
        ErrorClass::Unavailable => Some(match error.hint() {
            Some(hint) => format!("{hint}; {RUN_AGAIN}"),
            None => RUN_AGAIN.to_owned(),
        }),
        ErrorClass::Denied | ErrorClass::Refused | ErrorClass::RolledBack => {
            error.hint().or_else(|| {
                let helps = others_may_succeed && !keep_going;
                helps.then(|| "--keep-going writes what can be written".to_owned())
            })
        }
    };
    let refused = rejections.iter().map(|refused| refused.class);
    let exit = worst_exit(refused.chain([class]));
    let stopped = Failure::new(exit, format!("{stop}: {failure:#}"));
    match hint {
        Some(hint) => stopped.hint(hint).into(),
        None => stopped.into(),
    }
}

/// Returns the exit with the highest code.
pub fn worst_exit(classes: impl Iterator<Item = ErrorClass>) -> Exit {
    let exits = classes.map(Exit::from);
    exits.max_by_key(|exit| exit.code()).unwrap_or(Exit::Yes)
}

/// Returns the error of the request that failed, if it was one.
pub fn cause(error: &anyhow::Error) -> Option<&consul::Error> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<consul::Error>())
}

/// Names the keys for which a transaction was rolled back, and says what became of the others.
pub fn describe_obstacle(ops: &[Op], errors: &[OpError]) -> String {
    const MOST: usize = 5;
    let mut keys: Vec<_> = errors
        .iter()
        .filter_map(|error| ops.get(error.op))
        .collect();
    keys.dedup_by_key(|op| op.name());
    let names = keys.iter().take(MOST).map(|op| abbreviate(op.name()));
    let mut names = names.collect::<Vec<_>>().join(", ");
    if keys.len() > MOST {
        names.push_str(&format!(" and {} more", keys.len() - MOST));
    }
    let (noun, stand, their) = match keys.len() {
        1 => ("key", "stands", "its"),
        _ => ("keys", "stand", "their"),
    };
    let obstacle = format!("{noun} {names} {stand} in the way");
    match ops.len().saturating_sub(keys.len()) {
        0 => obstacle,
        others => {
            let others = plural(others as u64, "other key");
            format!("{obstacle}, {others} of {their} group untouched")
        }
    }
}
