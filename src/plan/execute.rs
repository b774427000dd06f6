//! A plan in transactions, in order: what was applied, and why it stopped.

use std::thread;
use std::time::{Duration, Instant};

use super::{PlanConflict, UndoChange, UndoJournal};
use crate::backoff::Backoff;
use crate::consul::{
    Bulk, Cause, Client, Consistency, Error, ErrorClass, Lookup, MultiGet, SentTxn, Write,
};
use crate::model::{
    ChangePlan, Entry, EntryContent, Index, Key, Op, OpError, OpErrorKind, Packer, PlannedChange,
    TxnOutcome,
};

/// What has become of a plan.
#[derive(Debug)]
pub struct Execution {
    /// The number of changes that were applied: the first ones of the plan.
    pub applied: usize,
    /// The number of transactions that were applied.
    pub transactions: u64,
    /// The highest index of what was written; `None` where nothing was, or only deletes.
    pub index: Option<Index>,
    /// Why it ended.
    pub end: ExecutionEnd,
}

/// Why the execution of a plan ended.
#[derive(Debug)]
pub enum ExecutionEnd {
    /// Everything is applied.
    Done,
    /// The caller asked to stop, between two transactions.
    Stopped,
    /// A transaction was rolled back because these keys are not as they were read.
    Conflict(Vec<PlanConflict>),
    /// A transaction failed, and nothing of it is written.
    Failed(Error),
    /// A transaction was sent, and it is not known whether it was applied. Why the keys could not be read
    /// back, where they could not.
    Unknown(Error, Option<Error>),
}

/// How long a put-back waits for Consul: an election takes up to 10 s.
const PUT_BACK_TIME: Duration = Duration::from_secs(30);

/// Sends plans.
pub struct Executor<'a> {
    client: &'a Client,
    bulk: Bulk,
    /// Whether a plan is one transaction or nothing: where the server finds it too large, it is an error.
    atomic: bool,
}

/// A plan that is being sent.
struct Sending<'p> {
    plan: &'p ChangePlan,
    /// The operations that were applied, checks included.
    done: usize,
    transactions: u64,
    index: Option<Index>,
    end: Option<ExecutionEnd>,
}

impl<'p> Sending<'p> {
    /// Takes the changes of the next operations as applied; `index` is the highest of what was written.
    fn apply(&mut self, ops: usize, index: Option<Index>) -> &'p [PlannedChange] {
        let before = self.applied();
        self.done += ops;
        self.transactions += 1;
        self.index = self.index.max(index);
        &self.plan.changes[before..self.applied()]
    }

    fn applied(&self) -> usize {
        self.done.saturating_sub(self.plan.checks.len())
    }

    /// Returns the change of an operation after those that were applied; `None` for a check.
    fn change(&self, number: usize) -> Option<&'p PlannedChange> {
        let at = (self.done + number).checked_sub(self.plan.checks.len())?;
        self.plan.changes.get(at)
    }
}

impl<'a> Executor<'a> {
    /// Creates an executor that has sent nothing yet.
    pub fn new(client: &'a Client) -> Self {
        Executor {
            client,
            bulk: Bulk::default(),
            atomic: false,
        }
    }

    /// Makes it send a plan in one transaction, or nothing of it.
    pub fn atomically(mut self, atomic: bool) -> Self {
        self.atomic = atomic;
        self
    }

    /// Returns the changes of each transaction, as far as the limits of the server are known.
    pub fn groups<'p>(&self, plan: &'p ChangePlan) -> Vec<&'p [PlannedChange]> {
        let mut packer = Packer::new(self.bulk.limits(), self.client.extra_size());
        let full = plan
            .ops()
            .filter_map(|op| packer.push(op).map(|ops| ops.len()));
        let mut sizes: Vec<_> = full.collect();
        sizes.extend(packer.finish().map(|ops| ops.len()));
        let (mut checks, mut changes) = (plan.checks.len(), &plan.changes[..]);
        let groups = sizes.into_iter().map(|size| {
            let checked = checks.min(size);
            checks -= checked;
            let (group, rest) = changes.split_at(size - checked);
            changes = rest;
            group
        });
        groups.filter(|group| !group.is_empty()).collect()
    }

    /// Sends a plan. Each transaction is on the disk before, where there is a journal: the caller has put
    /// the changes of the plan there. Calls `progress` with the changes of each transaction that was
    /// applied, and `is_stopped` before each.
    pub fn run(
        &self,
        plan: &ChangePlan,
        mut journal: Option<&mut UndoJournal>,
        mut progress: impl FnMut(&[PlannedChange]),
        is_stopped: impl Fn() -> bool,
    ) -> Execution {
        let mut sending = Sending {
            plan,
            done: 0,
            transactions: 0,
            index: None,
            end: None,
        };
        let ops = plan.checks.len() + plan.changes.len();
        while sending.end.is_none() && sending.done < ops && !plan.changes.is_empty() {
            if is_stopped() {
                sending.end = Some(ExecutionEnd::Stopped);
                break;
            }
            let mut packer = Packer::new(self.bulk.limits(), self.client.extra_size());
            let mut rest = plan.ops_from(sending.done);
            let group = rest
                .find_map(|op| packer.push(op))
                .or_else(|| packer.finish());
            let Some(group) = group else { break };
            let mut sent = Vec::new();
            // What is not sent is packed again.
            if self.atomic {
                let outcome = self.client.txn(&group);
                sent.push(SentTxn {
                    ops: group,
                    outcome,
                });
            } else {
                self.bulk.send(self.client, group, |one| sent.push(one));
            }
            for one in sent {
                self.settle(one, &mut sending, &mut journal, &mut progress);
            }
        }
        let applied = sending.applied();
        if let Some(journal) = journal {
            if matches!(sending.end, Some(ExecutionEnd::Unknown(..))) {
                journal.keep();
            }
        }
        Execution {
            applied,
            transactions: sending.transactions,
            index: sending.index,
            end: sending.end.unwrap_or(ExecutionEnd::Done),
        }
    }

    /// Takes the answer to a transaction.
    fn settle(
        &self,
        sent: SentTxn,
        sending: &mut Sending<'_>,
        journal: &mut Option<&mut UndoJournal>,
        progress: &mut impl FnMut(&[PlannedChange]),
    ) {
        let SentTxn { ops, outcome } = sent;
        let applied = match outcome {
            Ok(TxnOutcome::Applied(results)) => {
                let written = results
                    .iter()
                    .filter(|result| matches!(ops.get(result.op), Some(Op::Cas { .. })));
                Ok(written.map(|result| result.entry.modified()).max())
            }
            Ok(TxnOutcome::RolledBack(errors)) => Err(self.explain(&ops, &errors, sending)),
            Err(error) => match (&ops[..], error.cause()) {
                (
                    [
                        Op::Cas {
                            key,
                            value,
                            flags,
                            index,
                        },
                    ],
                    Cause::TooLarge,
                ) => self.put(key, value, *flags, *index, sending),
                _ => self.settle_error(error, &ops, sending),
            },
        };
        let index = match &applied {
            Ok(index) => *index,
            Err(_) => None,
        };
        if let Some(journal) = journal {
            // For people only, so that a disk that is full stops nothing here.
            let _ = journal.add_answer(ops.len(), applied.is_ok(), index);
        }
        match applied {
            Ok(index) => progress(sending.apply(ops.len(), index)),
            Err(end) => sending.end = Some(end),
        }
    }

    /// Writes a value that no transaction holds, because it is base64 there, with a request of its own.
    fn put(
        &self,
        key: &Key,
        value: &[u8],
        flags: u64,
        index: Index,
        sending: &Sending<'_>,
    ) -> Result<Option<Index>, ExecutionEnd> {
        let op = Write::Cas(index).into_op(key.clone(), value.to_vec(), flags);
        match self.client.put(key, value, flags, Write::Cas(index)) {
            // The answer has no index.
            Ok(true) => Ok(None),
            Ok(false) => {
                let error = OpError {
                    op: 0,
                    what: String::new(),
                    kind: OpErrorKind::IndexDiffers,
                };
                Err(self.explain(&[op], &[error], sending))
            }
            Err(error) => self.settle_error(error, &[op], sending),
        }
    }

    /// Names the keys for which a transaction was rolled back, where that was their index.
    fn explain(&self, ops: &[Op], errors: &[OpError], sending: &Sending<'_>) -> ExecutionEnd {
        let is_conflict = |error: &OpError| {
            matches!(error.kind, OpErrorKind::IndexDiffers | OpErrorKind::Missing)
                && error.op < ops.len()
        };
        if errors.is_empty() || !errors.iter().all(is_conflict) {
            return ExecutionEnd::Failed(self.client.rolled_back(ops, errors));
        }
        let mut numbers: Vec<_> = errors.iter().map(|error| error.op).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let keys: Vec<_> = numbers
            .iter()
            .filter_map(|number| Key::new(ops[*number].name()).ok())
            .collect();
        // That they moved is certain; where to is only said.
        let found = read_all(self.client, &keys);
        let found = found.unwrap_or_else(|_| vec![Lookup::Denied; keys.len()]);
        let conflicts = keys.into_iter().zip(numbers).zip(found);
        let conflicts = conflicts.map(|((key, number), found)| {
            let expected = match sending.change(number) {
                Some(change) => change.guard(),
                None => ops[number].index(),
            };
            PlanConflict {
                key,
                expected: Some(expected).filter(|index| index.0 != 0),
                found: found.entry().map(|entry| entry.modified()),
            }
        });
        ExecutionEnd::Conflict(conflicts.collect())
    }

    /// Finds out whether a transaction was applied whose answer was lost, by reading its keys back.
    fn settle_error(
        &self,
        error: Error,
        ops: &[Op],
        sending: &Sending<'_>,
    ) -> Result<Option<Index>, ExecutionEnd> {
        if error.class() != ErrorClass::Unknown {
            return Err(ExecutionEnd::Failed(error));
        }
        let changes: Vec<_> = (0..ops.len())
            .filter_map(|number| sending.change(number))
            .collect();
        let keys: Vec<_> = changes.iter().map(|change| change.key.clone()).collect();
        // Only the leader's word counts.
        let client = self.client.with_consistency(Consistency::Consistent);
        let present = match read_all(&client, &keys) {
            Ok(present) => present,
            Err(unread) => return Err(ExecutionEnd::Unknown(error, Some(unread))),
        };
        let both = || changes.iter().zip(&present);
        if both().all(|(change, found)| is_applied(change, found)) {
            let entries = present.into_iter().filter_map(Lookup::entry);
            Ok(entries.map(|entry| entry.modified()).max())
        } else if both().all(|(change, found)| is_untouched(change, found)) {
            Err(ExecutionEnd::Failed(error))
        } else {
            Err(ExecutionEnd::Unknown(error, None))
        }
    }

    /// Puts back changes that were applied, as far as the keys are still as they were written. What may
    /// pass, such as the election of a leader, is waited for: a half that stays is worse than half a minute.
    ///
    /// # Errors
    /// When the keys cannot be read.
    pub fn put_back(
        &self,
        changes: &[PlannedChange],
    ) -> Result<(Execution, Vec<PlanConflict>), Error> {
        let until = Instant::now() + PUT_BACK_TIME;
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        loop {
            // Each round reads what is there now: keys that are put back already are left alone.
            let round = self.try_put_back(changes);
            let error = match &round {
                Err(error) => Some(error),
                Ok((execution, _)) => match &execution.end {
                    ExecutionEnd::Failed(error) | ExecutionEnd::Unknown(error, _) => Some(error),
                    ExecutionEnd::Done | ExecutionEnd::Stopped | ExecutionEnd::Conflict(_) => None,
                },
            };
            if !error.is_some_and(Error::is_transient) || Instant::now() > until {
                return round;
            }
            thread::sleep(backoff.next(fastrand::f64()));
        }
    }

    fn try_put_back(
        &self,
        changes: &[PlannedChange],
    ) -> Result<(Execution, Vec<PlanConflict>), Error> {
        let changes: Vec<_> = changes.iter().map(UndoChange::from).collect();
        let keys: Vec<_> = changes.iter().map(|change| change.key.clone()).collect();
        let client = self.client.with_consistency(Consistency::Consistent);
        let present: Vec<_> = read_all(&client, &keys)?
            .into_iter()
            .map(Lookup::entry)
            .collect();
        let inverse = super::invert(&changes, &present);
        let execution = self.run(&inverse.plan, None, |_| (), || false);
        Ok((execution, inverse.conflicts))
    }
}

/// Reads keys, in as few transactions as hold them. A key that does not exist is known to be missing, also
/// without the right to read it.
///
/// # Errors
/// When Consul does not answer.
pub fn read_all(client: &Client, keys: &[Key]) -> Result<Vec<Lookup>, Error> {
    let proven = MultiGet::new(client).prove(keys)?;
    // A name that the server refuses is nothing that anyone may read.
    let lookups = proven
        .into_iter()
        .map(|lookup| lookup.unwrap_or(Lookup::Denied));
    Ok(lookups.collect())
}

/// Whether a key is as a change leaves it, and not as it was before.
fn is_applied(change: &PlannedChange, found: &Lookup) -> bool {
    match (&change.after, found) {
        (None, Lookup::Missing) => true,
        (Some(after), Lookup::Found(entry)) => {
            after.is_in(entry) && entry.modified() != change.guard()
        }
        _ => false,
    }
}

/// Whether a key is as it was read.
fn is_untouched(change: &PlannedChange, found: &Lookup) -> bool {
    match found {
        Lookup::Missing => change.before.is_none(),
        Lookup::Found(entry) => {
            let same = |before: &Entry| EntryContent::from(before).is_in(entry);
            change.before.as_ref().is_some_and(same) && entry.modified() == change.guard()
        }
        Lookup::Denied => false,
    }
}
