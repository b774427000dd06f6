//! `kvw import --atomic`

use super::ImportArgs;
use super::compare::compare;
use super::results::{describe, describe_obstacle, report};
use super::source::ImportDocument;
use crate::consul::{self, Cause, Client};
use crate::exit::Exit;
use crate::model::{Op, TxnLimits, TxnOutcome, abbreviate};
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
        match client
            .txn(&ops)
            .map_err(|error| name_large_value(error, &ops))?
        {
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

/// Names the key of a value that no transaction holds by default, where the server found the
/// transaction too large.
fn name_large_value(error: consul::Error, ops: &[Op]) -> anyhow::Error {
    let large = |op: &&Op| op.value().len() > TxnLimits::USUAL.bytes;
    let found = ops.iter().find(large);
    match found.filter(|_| error.cause() == Cause::TooLarge) {
        Some(op) => {
            let (key, size) = (abbreviate(op.name()), op.value().len());
            let what = format!("nothing written: the value of key {key} has {size} bytes");
            anyhow::Error::from(error).context(what)
        }
        None => error.into(),
    }
}
