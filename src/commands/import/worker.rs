//! A worker of an import: compares entries with the existing ones, writes those that differ, and
//! counts what became of them.

use std::collections::VecDeque;

use super::compare::{ImportAction, action_for};
use super::import_run::ImportRun;
use super::results::describe_obstacle;
use crate::args::key_mapping::ImportEntry;
use crate::consul::{Cause, Client, ErrorClass, MultiGet, SentTxn, Write};
use crate::model::{Index, Op, OpError, OpErrorKind, Packer, TxnOutcome};

/// A worker that imports entries one after another over one connection.
pub struct Worker<'a> {
    client: &'a Client,
    shared: &'a ImportRun<'a>,
    reader: MultiGet<'a>,
    packer: Packer,
}

impl<'a> Worker<'a> {
    /// Creates an idle worker.
    pub fn new(client: &'a Client, shared: &'a ImportRun<'a>) -> Self {
        Worker {
            client,
            shared,
            reader: MultiGet::new(client),
            packer: Packer::new(shared.limits(), client.extra_size()),
        }
    }

    /// Compares entries that one transaction can read, and writes those that differ, now or with a
    /// later transaction. An error stops all workers.
    pub fn import(&mut self, entries: Vec<ImportEntry>) {
        if let Err(error) = self.try_import(entries) {
            self.shared.fail(error);
        }
    }

    /// Writes the last transaction.
    pub fn finish(&mut self) {
        if let Some(ops) = self.packer.finish() {
            if let Err(error) = self.write(ops) {
                self.shared.fail(error);
            }
        }
    }

    fn try_import(&mut self, entries: Vec<ImportEntry>) -> anyhow::Result<()> {
        let keys: Vec<_> = entries.iter().map(|entry| entry.key.clone()).collect();
        let existing = self.reader.present(&keys)?;
        for (entry, existing) in entries.into_iter().zip(existing) {
            let bytes = entry.value.len() as u64;
            match action_for(entry, existing.as_ref(), self.shared.create_only) {
                ImportAction::Unchanged => self.shared.count(|counts| {
                    counts.unchanged += 1;
                    counts.bytes += bytes;
                }),
                ImportAction::Skipped => self.shared.count(|counts| {
                    counts.skipped += 1;
                    counts.bytes += bytes;
                }),
                ImportAction::Write(op) => {
                    if let Some(ops) = self.packer.push(op) {
                        self.write(ops)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes operations that fit in one transaction as far as is known.
    fn write(&mut self, ops: Vec<Op>) -> anyhow::Result<()> {
        let mut remaining = VecDeque::from([ops]);
        while let Some(ops) = remaining.pop_front() {
            self.shared.wait(ops.len());
            if self.shared.stopped() {
                return Ok(());
            }
            let mut all_sent = Vec::new();
            let untried = self
                .shared
                .bulk
                .send(self.client, ops, |sent| all_sent.push(sent));
            if !untried.is_empty() {
                remaining.push_front(untried);
            }
            for sent in all_sent {
                for retry in self.settle(sent)?.into_iter().rev() {
                    remaining.push_front(retry);
                }
            }
        }
        self.packer.limits = self.shared.limits();
        Ok(())
    }

    /// Counts the results of a transaction, and returns the transactions to send instead.
    fn settle(&self, sent: SentTxn) -> anyhow::Result<Vec<Vec<Op>>> {
        let SentTxn { mut ops, outcome } = sent;
        match outcome {
            Ok(TxnOutcome::Applied(_)) => self.count_written(&ops),
            Ok(TxnOutcome::RolledBack(errors)) => {
                let retry = self.without_failed(ops, &errors)?;
                return Ok(Vec::from_iter((!retry.is_empty()).then_some(retry)));
            }
            Err(error) => match (&ops[..], error.cause()) {
                ([op], Cause::TooLarge) => self.put(op)?,
                ([op], Cause::Refused) if self.shared.keep_going => {
                    self.shared
                        .reject(op, error.class(), error.reason().to_owned());
                }
                // Newer servers refuse a whole transaction for one name.
                ([_, _, ..], Cause::Refused) if self.shared.keep_going => {
                    let second = ops.split_off(ops.len() / 2);
                    return Ok(vec![ops, second]);
                }
                _ => {
                    if error.class() == ErrorClass::Unknown {
                        let unknown = ops.len() as u64;
                        self.shared.count(|counts| counts.unknown += unknown);
                    }
                    return Err(error.into());
                }
            },
        }
        Ok(Vec::new())
    }

    fn count_written(&self, ops: &[Op]) {
        let bytes: usize = ops.iter().map(|op| op.value().len()).sum();
        self.shared.count(|counts| {
            counts.written += ops.len() as u64;
            counts.bytes += bytes as u64;
        });
    }

    /// Removes the keys that another client created since the comparison, and those that are refused
    /// if the import keeps going; any other reason for a rollback is an error.
    fn without_failed(&self, mut ops: Vec<Op>, errors: &[OpError]) -> anyhow::Result<Vec<Op>> {
        let exists =
            |error: &OpError| self.shared.create_only && error.kind == OpErrorKind::IndexDiffers;
        let has_op = |error: &OpError| error.op < ops.len();
        if !errors
            .iter()
            .all(|error| has_op(error) && (self.shared.keep_going || exists(error)))
        {
            let error = self.client.rolled_back(&ops, errors);
            return Err(anyhow::Error::from(error).context(describe_obstacle(&ops, errors)));
        }
        let mut failed: Vec<_> = errors.iter().collect();
        failed.sort_unstable_by_key(|error| error.op);
        failed.dedup_by_key(|error| error.op);
        for error in failed.into_iter().rev() {
            let op = ops.remove(error.op);
            if exists(error) {
                self.shared.count(|counts| {
                    counts.skipped += 1;
                    counts.bytes += op.value().len() as u64;
                });
            } else {
                let cause = self.client.rolled_back(&[], std::slice::from_ref(error));
                self.shared
                    .reject(&op, cause.class(), cause.reason().to_owned());
            }
        }
        Ok(ops)
    }

    /// Writes one key with a request of its own: in the base64 of a transaction its value is too
    /// large.
    fn put(&self, op: &Op) -> anyhow::Result<()> {
        let (Op::Set { key, value, flags }
        | Op::Cas {
            key, value, flags, ..
        }) = op
        else {
            return Ok(());
        };
        let write = match self.shared.create_only {
            true => Write::Cas(Index(0)),
            false => Write::Plain,
        };
        match self.client.put(key, value, *flags, write) {
            Ok(true) => self.count_written(std::slice::from_ref(op)),
            Ok(false) => self.shared.count(|counts| {
                counts.skipped += 1;
                counts.bytes += value.len() as u64;
            }),
            Err(error) => {
                let refused = matches!(error.class(), ErrorClass::Refused | ErrorClass::Denied);
                if refused && self.shared.keep_going {
                    let reason = error.reason().to_owned();
                    self.shared.reject(op, error.class(), reason);
                    return Ok(());
                }
                if error.class() == ErrorClass::Unknown {
                    self.shared.count(|counts| counts.unknown += 1);
                }
                return Err(error.into());
            }
        }
        Ok(())
    }
}
