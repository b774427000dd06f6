//! The state of each target: what was last admitted of it, and what an answer changes.

use std::time::SystemTime;

use super::poll_event::TargetAnswer;
use super::withheld::{Withheld, WithheldChange, WithheldReason};
use crate::handlers::WatchedState;
use crate::model::{
    Change, Continuity, Entry, Filter, Index, MaxDelete, Snapshot, Target, TargetId, TargetScope,
    between, owner,
};
use crate::state_file::StateFile;

/// What an answer changes.
#[derive(Debug)]
pub struct TargetUpdate {
    /// Whether the answer is the first of its target.
    pub first: bool,
    /// The reasons for which keys began or ceased to be withheld.
    pub withheld_changes: Vec<WithheldChange>,
    /// The difference from what was admitted before; of a first answer, from what was handled
    /// before this start.
    pub changes: Vec<Change>,
    /// The number of other changes: filtered out, or another target's.
    pub left_out: usize,
    /// The keys that are withheld now, and why.
    pub withheld: Vec<(String, WithheldReason)>,
}

#[derive(Debug)]
struct TargetState {
    admitted: Snapshot,
    withheld: Withheld,
    /// The index of the last answer.
    index: Index,
    synced: bool,
}

/// The states of all targets.
#[derive(Debug)]
pub struct TargetStates {
    targets: Vec<Target>,
    filter: Filter,
    locks: bool,
    per_target: bool,
    states: Vec<TargetState>,
}

impl TargetStates {
    /// States of targets that were not seen yet; `known` gives what was handled before this start.
    pub fn new(
        targets: Vec<Target>,
        filter: Filter,
        locks: bool,
        per_target: bool,
        max_delete: Option<MaxDelete>,
        known: impl Fn(TargetId) -> Snapshot,
    ) -> Self {
        let states = targets.iter().map(|target| TargetState {
            admitted: known(target.id),
            withheld: Withheld::new(max_delete),
            index: Index::default(),
            synced: false,
        });
        TargetStates {
            states: states.collect(),
            targets,
            filter,
            locks,
            per_target,
        }
    }

    /// Takes an answer, and returns what it changes. The state file makes known again what it kept
    /// only a hash of. With `as_created` all entries of a first answer are changes, reported as
    /// created, and those that are gone as deleted.
    pub fn take(
        &mut self,
        id: TargetId,
        answer: &TargetAnswer,
        state_file: Option<&mut StateFile>,
        as_created: bool,
    ) -> TargetUpdate {
        let state = &mut self.states[usize::from(id.0)];
        let seen = &answer.snapshot;
        if let Some(last) = state_file.and_then(|file| file.recall(id, &state.admitted, seen)) {
            state.admitted = last;
        }
        let last = &state.admitted;
        let admitted = state.withheld.admit(last, seen, &answer.unproven);
        let before = std::mem::replace(&mut state.admitted, admitted.snapshot.clone());
        let first = !std::mem::replace(&mut state.synced, true);
        state.index = seen.index();
        let withheld = state.withheld.keys();
        let withheld = withheld.map(|(key, reason)| (key.to_owned(), reason));
        let withheld = withheld.collect();
        let (after, at) = (&admitted.snapshot, answer.at);
        let mut changes = between(id, &before, after, answer.continuity, self.locks, at);
        if first && as_created {
            changes.retain(|change| change.after.is_none());
            changes.extend(self.created(id, seen, at));
            changes.sort_by(|a, b| a.key().cmp(b.key()));
        }
        let all = changes.len();
        changes.retain(|change| self.is_reported(id, change.key()));
        TargetUpdate {
            first,
            withheld_changes: admitted.changes,
            left_out: all - changes.len(),
            changes,
            withheld,
        }
    }

    /// The entries of a target that were last admitted.
    pub fn admitted(&self, id: TargetId) -> &Snapshot {
        &self.states[usize::from(id.0)].admitted
    }

    /// Whether every target was seen.
    pub fn synced(&self) -> bool {
        self.states.iter().all(|state| state.synced)
    }

    /// The targets that were not seen yet.
    pub fn unseen(&self) -> impl Iterator<Item = TargetId> {
        let states = self.targets.iter().zip(&self.states);
        states
            .filter(|(_, state)| !state.synced)
            .map(|(target, _)| target.id)
    }

    /// The keys of all targets, whether they are reported or not.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let entries = self
            .states
            .iter()
            .flat_map(|state| state.admitted.entries());
        entries.map(Entry::key)
    }

    /// Every reported entry, as created.
    pub fn everything(&self, at: SystemTime) -> Vec<Change> {
        let targets = self.targets.iter();
        let mut all: Vec<Change> = targets
            .flat_map(|target| self.created(target.id, self.admitted(target.id), at))
            .collect();
        all.retain(|change| self.is_reported(change.target, change.key()));
        all
    }

    /// The highest index that an answer carried.
    pub fn index(&self) -> Index {
        let indexes = self.states.iter().map(|state| state.index);
        indexes.max().unwrap_or_default()
    }

    /// The present state of a target, for a handler of `consul watch`.
    pub fn current(&self, id: TargetId) -> WatchedState {
        let id = usize::from(id.0);
        let (target, state) = (&self.targets[id], &self.states[id]);
        match &target.scope {
            TargetScope::Key(key) => WatchedState::Key(state.admitted.get(key.as_str()).cloned()),
            TargetScope::Prefix(_) => WatchedState::Prefix(state.admitted.entries().to_vec()),
        }
    }

    fn created(&self, id: TargetId, present: &Snapshot, at: SystemTime) -> Vec<Change> {
        let none = Snapshot::default();
        between(id, &none, present, Continuity::Kept, self.locks, at)
    }

    /// Whether a target's change of this key is reported: overlapping targets give one change a key,
    /// unless each of them is reported by itself.
    fn is_reported(&self, id: TargetId, key: &str) -> bool {
        let alone = self.per_target || self.targets.len() == 1;
        let own = alone || owner(&self.targets, key) == Some(id);
        own && self.filter.admits(key)
    }
}

#[cfg(test)]
mod tests;
