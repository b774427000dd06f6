//! `kvw import --atomic`

use super::ImportArgs;
use super::compare::compare;
use super::results::{describe, describe_obstacle, report};
use super::source::ImportDocument;
use crate::consul::Client;
use crate::exit::Exit;
use crate::model::TxnOutcome;
use crate::term::Ui;

/// Writes every entry that differs in one transaction.
pub fn import_atomically(
    ui: &Ui,
    client: &Client,
    source: &ImportDocument,
    args: &ImportArgs,
) -> anyhow::Result<Exit> {
    let mut ops = Vec::new();
    let counts = compare(client, source, args.create_only, |op| {
        ops.push(op);
        Ok(())
    })?;
    if !ops.is_empty() {
        match client.txn(&ops)? {
            TxnOutcome::Applied(_) => {}
            TxnOutcome::RolledBack(errors) => {
                let error = anyhow::Error::from(client.rolled_back(&ops, &errors));
                let error = error.context(describe_obstacle(&ops, &errors));
                return Err(error.context("nothing written"));
            }
        }
    }
    report(ui, args.output, counts)?;
    ui.status(describe(&counts, "written"));
    Ok(Exit::Yes)
}
