//! The batches of a route that no run has handled yet.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::model::{Batch, Change, Reason};

/// What failed, what is about to be run, what came since: in this order of time.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    each: bool,
    locks: bool,
    /// Was shown to the handler and not handled.
    failed: Option<Batch>,
    /// Cut into runs.
    ready: VecDeque<Arc<Batch>>,
    /// Not shown yet.
    pending: Option<Batch>,
}

impl Backlog {
    /// Nothing yet. With `each` a batch is cut into one run a change; `locks` says whether a lock
    /// is a change.
    pub(super) fn new(each: bool, locks: bool) -> Self {
        Backlog {
            each,
            locks,
            ..Backlog::default()
        }
    }

    /// Puts news behind what is pending. Says whether anything is pending now: news may bring
    /// everything back to where it was.
    pub(super) fn add(&mut self, news: Batch) -> bool {
        let merged = match self.pending.take() {
            // All there is, told as created: a key of it that goes again may have been handled
            // long ago, and its delete must not cancel out.
            Some(pending) if pending.reason != Reason::Change => self.behind(Some(pending), news),
            Some(pending) => pending.then(news, self.locks),
            None => news,
        };
        if !merged.changes.is_empty() || merged.reason != Reason::Change {
            self.pending = Some(merged);
        }
        self.pending.is_some()
    }

    /// Puts a batch of all there is in place of everything; what it does not hold (deletes) stays.
    pub(super) fn overlay(&mut self, all: Batch) {
        let mut merged = self.failed.take();
        for ready in std::mem::take(&mut self.ready) {
            merged = Some(self.behind(merged, Arc::unwrap_or_clone(ready)));
        }
        if let Some(pending) = self.pending.take() {
            merged = Some(self.behind(merged, pending));
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

    /// A run that was not handled: it becomes part of a later one.
    pub(super) fn fail(&mut self, batch: Arc<Batch>) {
        let failed = self.failed.take();
        self.failed = Some(self.behind(failed, Arc::unwrap_or_clone(batch)));
    }

    /// Makes runs of what failed and, if asked for, of what is pending.
    pub(super) fn prepare(&mut self, with_pending: bool) {
        let failed = self.failed.take();
        let pending = self.pending.take_if(|_| with_pending);
        let again = failed.is_some();
        let mut batch = match (failed, pending) {
            (failed, Some(pending)) => self.behind(failed, pending),
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

    /// The next run.
    pub(super) fn next(&mut self) -> Option<Arc<Batch>> {
        self.ready.pop_front()
    }

    /// Takes what is pending as it is, without what failed.
    pub(super) fn take_pending(&mut self) -> Option<Batch> {
        self.pending.take()
    }

    /// No more runs; what was cut for them is what failed.
    pub(super) fn give_up(&mut self) {
        for ready in std::mem::take(&mut self.ready) {
            self.fail(ready);
        }
    }

    /// Whether runs are prepared.
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

    /// How many changes wait for a run.
    pub(super) fn len(&self) -> usize {
        let waiting = self.failed.iter().chain(&self.pending);
        let ready = self.ready.iter().map(AsRef::as_ref);
        waiting.chain(ready).map(|batch| batch.changes.len()).sum()
    }

    /// `later` behind a batch that the handler has seen. What came back to where it was drops out
    /// of merged batches, but not here: a handler that failed may have done half of its work, and
    /// has to be told that the key is what it was.
    pub(super) fn behind(&self, seen: Option<Batch>, later: Batch) -> Batch {
        let Some(seen) = seen else { return later };
        let reason = match later.reason {
            Reason::Manual => Reason::Manual,
            _ => seen.reason,
        };
        let known: HashSet<_> = seen.changes.iter().map(Change::slot).collect();
        let told = later.changes.iter();
        let mut back: Vec<Change> = told
            .filter(|change| known.contains(&change.slot()))
            .cloned()
            .collect();
        let mut changes = seen.then(later, self.locks).changes;
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
