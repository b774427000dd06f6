//! The work of an import: entries are compared with the existing ones, written if they differ, and
//! counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::source::ImportEntry;
use crate::consul::{self, Bulk, Cause, Client, ErrorClass, MultiGet, SentTxn, Write};
use crate::model::{
    Entry, Index, Key, Op, OpError, OpErrorKind, Packer, TxnLimits, TxnOutcome, abbreviate,
};
use crate::rate_limiter::RateLimiter;
use crate::term::{Progress, plural};

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

/// A key that the server refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The key.
    pub key: String,
    /// The meaning of the refusal.
    pub class: ErrorClass,
    /// The reason, in the server's words.
    pub reason: String,
}

/// The state that the workers share.
pub struct ImportRun<'a> {
    /// Whether existing keys are left alone.
    pub create_only: bool,
    /// Whether an import goes on after the server refused a key.
    keep_going: bool,
    /// The keys that were refused.
    rejections: Mutex<Vec<Rejection>>,
    bulk: Bulk,
    /// Keys per second, and their limiter.
    rate: Option<(u32, Mutex<RateLimiter>)>,
    counts: Mutex<ImportCounts>,
    progress: Progress,
    /// The error to report. One with unknown outcome takes precedence.
    failure: Mutex<Option<anyhow::Error>>,
    stopped: AtomicBool,
    signalled: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> ImportRun<'a> {
    /// Creates the state of an import. `rate` is in keys per second; `signalled` returns whether to
    /// stop.
    pub fn new(
        create_only: bool,
        keep_going: bool,
        rate: Option<u32>,
        progress: Progress,
        signalled: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        ImportRun {
            create_only,
            keep_going,
            rejections: Mutex::default(),
            bulk: Bulk::default(),
            rate: rate.map(|rate| {
                let period = Duration::from_secs(1) / rate.max(1);
                (
                    rate,
                    Mutex::new(RateLimiter::new(period, 1, Instant::now())),
                )
            }),
            counts: Mutex::default(),
            progress,
            failure: Mutex::default(),
            stopped: AtomicBool::new(false),
            signalled,
        }
    }

    /// Returns the results so far.
    pub fn counts(&self) -> ImportCounts {
        *lock(&self.counts)
    }

    /// Takes the keys that were refused.
    pub fn take_rejections(&self) -> Vec<Rejection> {
        std::mem::take(&mut *lock(&self.rejections))
    }

    /// Takes the error that stopped the import, if any.
    pub fn failure(&self) -> Option<anyhow::Error> {
        lock(&self.failure).take()
    }

    /// Whether the workers must not start another transaction.
    pub fn stopped(&self) -> bool {
        if (self.signalled)() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.stopped.load(Ordering::Relaxed)
    }

    /// Stops all workers because of an error.
    pub fn fail(&self, error: anyhow::Error) {
        let mut failure = lock(&self.failure);
        if failure.is_none() || leaves_unknown(&error) {
            *failure = Some(error);
        }
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn reject(&self, op: &Op, class: ErrorClass, reason: String) {
        lock(&self.rejections).push(Rejection {
            key: op.name().to_owned(),
            class,
            reason,
        });
        self.count(|counts| {
            counts.refused += 1;
            counts.bytes += op.value().len() as u64;
        });
    }

    fn count(&self, change: impl FnOnce(&mut ImportCounts)) {
        let mut counts = lock(&self.counts);
        change(&mut counts);
        self.progress.update(counts.keys(), counts.bytes);
    }

    /// Waits until the rate allows this many keys, or the import is stopped.
    fn wait(&self, keys: usize) {
        const STEP: Duration = Duration::from_millis(50);
        let Some((_, limiter)) = &self.rate else {
            return;
        };
        let keys = u32::try_from(keys).unwrap_or(u32::MAX);
        let until = Instant::now() + lock(limiter).take(keys, Instant::now());
        while !self.stopped() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(STEP));
        }
    }

    /// Returns the limits of one transaction.
    fn limits(&self) -> TxnLimits {
        let mut limits = self.bulk.limits();
        if let Some((rate, _)) = &self.rate {
            // Smaller transactions keep the rate within each second.
            limits.ops = limits.ops.min((*rate).max(1) as usize);
        }
        limits
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leaves_unknown(error: &anyhow::Error) -> bool {
    cause(error).is_some_and(|error| error.class() == ErrorClass::Unknown)
}

/// Returns the error of the request that failed, if it was one.
pub fn cause(error: &anyhow::Error) -> Option<&consul::Error> {
    error
        .chain()
        .find_map(|cause| cause.downcast_ref::<consul::Error>())
}

/// The action that an entry requires.
pub enum ImportAction {
    /// None: the existing entry is equal.
    Unchanged,
    /// None: the existing entry is left alone.
    Skipped,
    /// A write.
    Write(Op),
}

/// Compares an entry with the existing one. Sessions and indexes are not imported.
pub fn action_for(entry: ImportEntry, existing: Option<&Entry>, create_only: bool) -> ImportAction {
    let ImportEntry { key, value, flags } = entry;
    match existing {
        Some(existing) if existing.value() == value && existing.flags() == flags => {
            ImportAction::Unchanged
        }
        Some(_) if create_only => ImportAction::Skipped,
        None if create_only => ImportAction::Write(Op::Cas {
            key,
            value,
            flags,
            index: Index(0),
        }),
        _ => ImportAction::Write(Op::Set { key, value, flags }),
    }
}

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

/// Finds the keys that the token may not write, or the server would refuse, by a transaction that
/// writes nothing: it holds a check that fails on every entry, and names all missing rights.
///
/// # Errors
/// If Consul does not answer.
pub fn check_writable(client: &Client, keys: &[Key]) -> Result<Vec<Rejection>, consul::Error> {
    let Some(first) = keys.first() else {
        return Ok(Vec::new());
    };
    let mut ops = vec![Op::CheckIndex {
        key: first.clone(),
        index: Index(u64::MAX),
    }];
    ops.extend(keys.iter().map(|key| Op::Set {
        key: key.clone(),
        value: Vec::new(),
        flags: 0,
    }));
    let errors = match client.txn(&ops) {
        Ok(TxnOutcome::RolledBack(errors)) => errors,
        Ok(TxnOutcome::Applied(_)) => Vec::new(),
        Err(error) if matches!(error.cause(), Cause::Refused | Cause::TooLarge) => {
            let reject = |key: &Key| Rejection {
                key: key.to_string(),
                class: error.class(),
                reason: error.reason().to_owned(),
            };
            let (one, two) = keys.split_at(keys.len() / 2);
            return match one {
                [] => Ok(two.iter().map(reject).collect()),
                _ => Ok([check_writable(client, one)?, check_writable(client, two)?].concat()),
            };
        }
        Err(error) => return Err(error),
    };
    // The first operation is the check.
    let refused = errors.iter().filter_map(|error| {
        let key = keys.get(error.op.checked_sub(1)?)?;
        let cause = client.rolled_back(&[], std::slice::from_ref(error));
        Some(Rejection {
            key: key.to_string(),
            class: cause.class(),
            reason: cause.reason().to_owned(),
        })
    });
    Ok(refused.collect())
}
