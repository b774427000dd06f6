//! `kvw import --undo`

use std::path::Path;

use super::ImportArgs;
use super::compare::chunks;
use super::results::{ImportCounts, describe, report};
use super::source::ImportDocument;
use crate::args::applying::{carry_out_recorded, check_rights};
use crate::consul::{Client, MultiGet};
use crate::exit::Exit;
use crate::model::{ChangePlan, EntryContent, PlannedChange};
use crate::term::Ui;

/// Imports with a file that undoes it: each entry is written only while its key is as it was compared.
pub fn import_recorded(
    ui: &Ui,
    client: &Client,
    source: &ImportDocument,
    args: &ImportArgs,
    undo: &Path,
) -> anyhow::Result<Exit> {
    let mut counts = ImportCounts::default();
    let mut plan = ChangePlan {
        // As an import without a file does.
        overwrite_locked: true,
        ..ChangePlan::default()
    };
    let mut reader = MultiGet::new(client);
    for chunk in chunks(source)? {
        let chunk = chunk?;
        let keys: Vec<_> = chunk.iter().map(|entry| entry.key.clone()).collect();
        for (entry, before) in chunk.into_iter().zip(reader.present(&keys)?) {
            let after = EntryContent {
                value: entry.value,
                flags: entry.flags,
            };
            match &before {
                Some(before) if after.is_in(before) => counts.unchanged += 1,
                Some(_) if args.create_only => counts.skipped += 1,
                _ => plan.changes.push(PlannedChange {
                    key: entry.key,
                    before,
                    after: Some(after),
                    place: None,
                }),
            }
        }
    }
    check_rights(client, &plan)?;
    if !plan.is_empty() {
        carry_out_recorded(ui, client, &plan, undo)?;
    }
    counts.written = plan.changes.len() as u64;
    report(ui, args.output, counts)?;
    ui.status(describe(&counts, "written"));
    Ok(Exit::Yes)
}
