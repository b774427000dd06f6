//! Comparing entries with what is there, writing those that differ, and the account of both.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::source::ImportEntry;
use crate::consul::{self, Bulk, Cause, Client, ErrorClass, MultiGet, SentTxn, Write};
use crate::model::{Entry, Index, Op, OpError, OpErrorKind, Packer, TxnLimits, TxnOutcome};
use crate::rate_limiter::RateLimiter;
use crate::term::Progress;

/// What became of the entries. The rest was not written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Written by this import.
    pub written: u64,
    /// There already, and equal.
    pub unchanged: u64,
    /// There already, and left alone for that.
    pub skipped: u64,
    /// Sent, with no answer that tells.
    pub unknown: u64,
    /// Bytes of the values of all but the unknown ones.
    pub bytes: u64,
}

impl ImportCounts {
    /// How many entries are accounted for.
    pub fn keys(&self) -> u64 {
        self.written + self.unchanged + self.skipped + self.unknown
    }
}

/// What the workers share.
pub struct ImportRun<'a> {
    /// Only keys that do not exist are written.
    pub create_only: bool,
    bulk: Bulk,
    /// Keys a second, and what holds them to that.
    rate: Option<(u32, Mutex<RateLimiter>)>,
    account: Mutex<ImportCounts>,
    progress: Progress,
    /// The error to end with. One that leaves writes unknown beats others.
    failure: Mutex<Option<anyhow::Error>>,
    stopped: AtomicBool,
    signalled: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> ImportRun<'a> {
    /// Nothing done yet. `rate` is in keys a second; `signalled` tells whether to stop.
    pub fn new(
        create_only: bool,
        rate: Option<u32>,
        progress: Progress,
        signalled: &'a (dyn Fn() -> bool + Sync),
    ) -> Self {
        ImportRun {
            create_only,
            bulk: Bulk::default(),
            rate: rate.map(|rate| {
                let period = Duration::from_secs(1) / rate.max(1);
                (
                    rate,
                    Mutex::new(RateLimiter::new(period, 1, Instant::now())),
                )
            }),
            account: Mutex::default(),
            progress,
            failure: Mutex::default(),
            stopped: AtomicBool::new(false),
            signalled,
        }
    }

    /// The account so far.
    pub fn account(&self) -> ImportCounts {
        *lock(&self.account)
    }

    /// What made it stop, if anything did.
    pub fn failure(&self) -> Option<anyhow::Error> {
        lock(&self.failure).take()
    }

    /// Whether nothing more is to be begun.
    pub fn stopped(&self) -> bool {
        if (self.signalled)() {
            self.stopped.store(true, Ordering::Relaxed);
        }
        self.stopped.load(Ordering::Relaxed)
    }

    /// Stops all workers.
    pub fn fail(&self, error: anyhow::Error) {
        let mut failure = lock(&self.failure);
        if failure.is_none() || leaves_unknown(&error) {
            *failure = Some(error);
        }
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn count(&self, change: impl FnOnce(&mut ImportCounts)) {
        let mut account = lock(&self.account);
        change(&mut account);
        self.progress.at(account.keys(), account.bytes);
    }

    /// Waits for its turn, unless it is stopped before.
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

    /// How much one transaction is to hold.
    fn limits(&self) -> TxnLimits {
        let mut limits = self.bulk.limits();
        if let Some((rate, _)) = &self.rate {
            // So that the rate holds within each second.
            limits.ops = limits.ops.min((*rate).max(1) as usize);
        }
        limits
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn leaves_unknown(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<consul::Error>())
        .any(|error| error.class() == ErrorClass::Unknown)
}

/// What has to be done about an entry.
pub enum ImportAction {
    /// It is there and equal.
    Unchanged,
    /// Another one is there and stays.
    Skipped,
    /// This.
    Write(Op),
}

/// Compares an entry with what is there. Sessions and indexes do not travel.
pub fn judge(item: ImportEntry, there: Option<&Entry>, create_only: bool) -> ImportAction {
    let ImportEntry { key, value, flags } = item;
    match there {
        Some(there) if there.value() == value && there.flags() == flags => ImportAction::Unchanged,
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

/// Imports entries one after another over one connection.
pub struct Worker<'a> {
    client: &'a Client,
    shared: &'a ImportRun<'a>,
    reader: MultiGet<'a>,
    packer: Packer,
}

impl<'a> Worker<'a> {
    /// A worker that has done nothing yet.
    pub fn new(client: &'a Client, shared: &'a ImportRun<'a>) -> Self {
        Worker {
            client,
            shared,
            reader: MultiGet::new(client),
            packer: Packer::new(shared.limits(), client.extra_size()),
        }
    }

    /// Compares entries that one transaction can read and writes those that differ, sooner or later. What goes
    /// wrong stops all workers.
    pub fn import(&mut self, items: Vec<ImportEntry>) {
        if let Err(error) = self.try_import(items) {
            self.shared.fail(error);
        }
    }

    /// Writes what was held back.
    pub fn finish(&mut self) {
        if let Some(ops) = self.packer.finish() {
            if let Err(error) = self.write(ops) {
                self.shared.fail(error);
            }
        }
    }

    fn try_import(&mut self, items: Vec<ImportEntry>) -> anyhow::Result<()> {
        let keys: Vec<_> = items.iter().map(|item| item.key.clone()).collect();
        let there = self.reader.present(&keys)?;
        for (item, there) in items.into_iter().zip(there) {
            let bytes = item.value.len() as u64;
            match judge(item, there.as_ref(), self.shared.create_only) {
                ImportAction::Unchanged => self.shared.count(|account| {
                    account.unchanged += 1;
                    account.bytes += bytes;
                }),
                ImportAction::Skipped => self.shared.count(|account| {
                    account.skipped += 1;
                    account.bytes += bytes;
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

    /// Writes operations that fit together as far as is known.
    fn write(&mut self, ops: Vec<Op>) -> anyhow::Result<()> {
        let mut left = VecDeque::from([ops]);
        while let Some(ops) = left.pop_front() {
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
                left.push_front(untried);
            }
            for sent in all_sent {
                let again = self.settle(sent)?;
                if !again.is_empty() {
                    left.push_front(again);
                }
            }
        }
        self.packer.limits = self.shared.limits();
        Ok(())
    }

    /// Accounts for a transaction; gives back what is to be tried again without what is settled.
    fn settle(&self, sent: SentTxn) -> anyhow::Result<Vec<Op>> {
        match sent.outcome {
            Ok(TxnOutcome::Applied(_)) => self.written(&sent.ops),
            Ok(TxnOutcome::RolledBack(errors)) => return self.without_existing(sent.ops, &errors),
            Err(error) => match (&sent.ops[..], error.cause()) {
                ([op], Cause::TooLarge) => self.put(op)?,
                _ => {
                    if error.class() == ErrorClass::Unknown {
                        let unknown = sent.ops.len() as u64;
                        self.shared.count(|account| account.unknown += unknown);
                    }
                    return Err(error.into());
                }
            },
        }
        Ok(Vec::new())
    }

    fn written(&self, ops: &[Op]) {
        let bytes: usize = ops.iter().map(|op| op.value().len()).sum();
        self.shared.count(|account| {
            account.written += ops.len() as u64;
            account.bytes += bytes as u64;
        });
    }

    /// Keys that somebody else created since they were looked at are left alone; any other reason
    /// for a rollback is an error.
    fn without_existing(&self, mut ops: Vec<Op>, errors: &[OpError]) -> anyhow::Result<Vec<Op>> {
        let exists = |error: &OpError| error.kind == OpErrorKind::IndexDiffers;
        if !self.shared.create_only || !errors.iter().all(exists) {
            return Err(self.client.rolled_back(&ops, errors).into());
        }
        let mut existing: Vec<_> = errors.iter().map(|error| error.op).collect();
        existing.sort_unstable();
        for op in existing.into_iter().rev() {
            let op = ops.remove(op);
            self.shared.count(|account| {
                account.skipped += 1;
                account.bytes += op.value().len() as u64;
            });
        }
        Ok(ops)
    }

    /// Base64 makes a value too large for a transaction that is not too large for a write of its
    /// own.
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
            Ok(true) => self.written(std::slice::from_ref(op)),
            Ok(false) => self.shared.count(|account| {
                account.skipped += 1;
                account.bytes += value.len() as u64;
            }),
            Err(error) => {
                if error.class() == ErrorClass::Unknown {
                    self.shared.count(|account| account.unknown += 1);
                }
                return Err(error.into());
            }
        }
        Ok(())
    }
}
