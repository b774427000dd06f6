//! The batches of a route that no run has handled yet. Pure.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::model::{Batch, Change, Reason};

/// Batches in the order of time: what failed, what is about to be run, what came since.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    each: bool,
    locks: bool,
    /// Shown to the handler and not handled.
    failed: Option<Batch>,
    /// The next runs.
    ready: VecDeque<Arc<Batch>>,
    /// Not shown to the handler yet.
    pending: Option<Batch>,
}

impl Backlog {
    /// An empty backlog. With `each` a batch is cut into one run per change; `locks` is whether a
    /// lock is a change.
    pub(super) fn new(each: bool, locks: bool) -> Self {
        Backlog {
            each,
            locks,
            ..Backlog::default()
        }
    }

    /// Merges a batch into what is pending. Returns whether anything is pending now: the batch may
    /// bring everything back to where it was.
    pub(super) fn add(&mut self, batch: Batch) -> bool {
        let merged = match self.pending.take() {
            // Every entry as created: a key that is deleted again may have been handled long ago,
            // and its delete must not cancel out.
            Some(pending) if pending.reason != Reason::Change => self.append(Some(pending), batch),
            Some(pending) => pending.then(batch, self.locks),
            None => batch,
        };
        if !merged.changes.is_empty() || merged.reason != Reason::Change {
            self.pending = Some(merged);
        }
        self.pending.is_some()
    }

    /// Replaces everything by a batch of all entries; keys that it does not hold (deletes) stay.
    pub(super) fn overlay(&mut self, all: Batch) {
        let mut merged = self.failed.take();
        for ready in std::mem::take(&mut self.ready) {
            merged = Some(self.append(merged, Arc::unwrap_or_clone(ready)));
        }
        if let Some(pending) = self.pending.take() {
            merged = Some(self.append(merged, pending));
        }
        let mut changes = merged.map(|batch| batch.changes).unwrap_or_default();
        let there: HashSet<_> = all.changes.iter().map(Change::slot).collect();
        changes.retain(|change| !there.contains(&change.slot()));
        changes.extend(all.changes);
        self.pending = Some(Batch {
            reason: Reason::Manual,
            changes: sorted(changes),
        });
    }

    /// Takes back a run that was not handled: it becomes part of a later one.
    pub(super) fn fail(&mut self, batch: Arc<Batch>) {
        let failed = self.failed.take();
        self.failed = Some(self.append(failed, Arc::unwrap_or_clone(batch)));
    }

    /// Makes the next runs of what failed and, with `with_pending`, of what is pending.
    pub(super) fn prepare(&mut self, with_pending: bool) {
        let failed = self.failed.take();
        let pending = self.pending.take_if(|_| with_pending);
        let again = failed.is_some();
        let mut batch = match (failed, pending) {
            (failed, Some(pending)) => self.append(failed, pending),
            (Some(failed), None) => failed,
            (None, None) => return,
        };
        if again && batch.reason != Reason::Manual {
            batch.reason = Reason::Retry;
        }
        if self.each {
            let reason = batch.reason;
            self.ready.extend(batch.changes.into_iter().map(|change| {
                Arc::new(Batch {
                    reason,
                    changes: vec![change],
                })
            }));
        } else {
            self.ready.push_back(Arc::new(batch));
        }
    }

    /// Takes the next run.
    pub(super) fn next(&mut self) -> Option<Arc<Batch>> {
        self.ready.pop_front()
    }

    /// Takes what is pending as it is, without what failed.
    pub(super) fn take_pending(&mut self) -> Option<Batch> {
        self.pending.take()
    }

    /// Moves the next runs to what failed: they are part of a later batch.
    pub(super) fn give_up(&mut self) {
        for ready in std::mem::take(&mut self.ready) {
            self.fail(ready);
        }
    }

    /// Whether there is a next run.
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether something is pending.
    pub(super) fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether something failed and was not handled since.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// The number of changes that wait for a run.
    pub(super) fn len(&self) -> usize {
        let waiting = self.failed.iter().chain(&self.pending);
        let ready = self.ready.iter().map(AsRef::as_ref);
        waiting.chain(ready).map(|batch| batch.changes.len()).sum()
    }

    /// Appends `later` to a batch that was shown to the handler. A key that came back to what it was
    /// drops out of merged batches, but not here: a handler that failed may have done half of its
    /// work, and must learn that the key is what it was.
    pub(super) fn append(&self, shown: Option<Batch>, later: Batch) -> Batch {
        let Some(shown) = shown else { return later };
        let reason = match later.reason {
            Reason::Manual => Reason::Manual,
            Reason::Initial | Reason::Change | Reason::Retry | Reason::Apply => shown.reason,
        };
        let known: HashSet<_> = shown.changes.iter().map(Change::slot).collect();
        let changed = later.changes.iter();
        let mut back: Vec<Change> = changed
            .filter(|change| known.contains(&change.slot()))
            .cloned()
            .collect();
        let mut changes = shown.then(later, self.locks).changes;
        let there: HashSet<_> = changes.iter().map(Change::slot).collect();
        back.retain(|change| !there.contains(&change.slot()));
        changes.extend(back);
        Batch {
            reason,
            changes: sorted(changes),
        }
    }
}

fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by(|a, b| a.slot().cmp(&b.slot()));
    changes
}
