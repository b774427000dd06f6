//! Where each target stands: what was last let through of it, and what an answer adds to that.

use std::time::SystemTime;

use super::filter::Filter;
use super::poll_event::TargetAnswer;
use super::withheld::{MaxDelete, Withheld, WithheldChange, WithheldReason};
use crate::handlers::WatchedState;
use crate::model::{Change, Continuity, Index, Snapshot, TargetId, between};
use crate::model::{Target, TargetScope, owner};
use crate::state_file::StateFile;

/// What an answer means.
#[derive(Debug)]
pub struct TargetUpdate {
    /// Whether it is the first of its target.
    pub first: bool,
    /// What began or ceased to be withheld.
    pub notices: Vec<WithheldChange>,
    /// What is different from what was let through before: of a first answer, from what was
    /// handled before this start.
    pub changes: Vec<Change>,
    /// How many other changes were left out: by filters, or as another target's.
    pub left_out: usize,
    /// What is withheld now, and why.
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

/// All targets.
#[derive(Debug)]
pub struct TargetStates {
    targets: Vec<Target>,
    filter: Filter,
    locks: bool,
    list: Vec<TargetState>,
}

impl TargetStates {
    /// Nothing was seen yet; `known` gives what was handled before this start.
    pub fn new(
        targets: Vec<Target>,
        filter: Filter,
        locks: bool,
        max_delete: Option<MaxDelete>,
        known: impl Fn(TargetId) -> Snapshot,
    ) -> Self {
        let list = targets.iter().map(|target| TargetState {
            admitted: known(target.id),
            withheld: Withheld::new(max_delete),
            index: Index::default(),
            synced: false,
        });
        TargetStates {
            list: list.collect(),
            targets,
            filter,
            locks,
        }
    }

    /// Takes an answer, and says what is new. `state_file` makes known again what was only remembered.
    /// With `anew` a first answer is told as created whole, and what is no longer there as deleted.
    pub fn take(
        &mut self,
        id: TargetId,
        answered: &TargetAnswer,
        state_file: Option<&mut StateFile>,
        anew: bool,
    ) -> TargetUpdate {
        let target_state = &mut self.list[usize::from(id.0)];
        let seen = &answered.snapshot;
        if let Some(last) =
            state_file.and_then(|state| state.recall(id, &target_state.admitted, seen))
        {
            target_state.admitted = last;
        }
        let last = &target_state.admitted;
        let admitted = target_state.withheld.admit(last, seen, &answered.unproven);
        let before = std::mem::replace(&mut target_state.admitted, admitted.snapshot.clone());
        let first = !std::mem::replace(&mut target_state.synced, true);
        target_state.index = seen.index();
        let withheld = target_state.withheld.keys();
        let withheld = withheld.map(|(key, why)| (key.to_owned(), why)).collect();
        let (after, at) = (&admitted.snapshot, answered.at);
        let mut changes = between(id, &before, after, answered.continuity, self.locks, at);
        if first && anew {
            changes.retain(|change| change.after.is_none());
            changes.extend(self.created(id, seen, at));
            changes.sort_by(|a, b| a.key().cmp(b.key()));
        }
        let all = changes.len();
        changes.retain(|change| self.is_told(id, change.key()));
        TargetUpdate {
            first,
            notices: admitted.notices,
            left_out: all - changes.len(),
            changes,
            withheld,
        }
    }

    /// What was last let through of a target.
    pub fn admitted(&self, id: TargetId) -> &Snapshot {
        &self.list[usize::from(id.0)].admitted
    }

    /// Whether every target was seen.
    pub fn synced(&self) -> bool {
        self.list.iter().all(|target_state| target_state.synced)
    }

    /// The targets that were not seen yet.
    pub fn unseen(&self) -> impl Iterator<Item = &Target> {
        let target_states = self.targets.iter().zip(&self.list);
        target_states
            .filter(|(_, target_state)| !target_state.synced)
            .map(|(target, _)| target)
    }

    /// Everything there is, as created.
    pub fn everything(&self, at: SystemTime) -> Vec<Change> {
        let targets = self.targets.iter();
        let mut all: Vec<Change> = targets
            .flat_map(|target| self.created(target.id, self.admitted(target.id), at))
            .collect();
        all.retain(|change| self.is_told(change.target, change.key()));
        all
    }

    /// The highest index that an answer carried.
    pub fn index(&self) -> Index {
        let indexes = self.list.iter().map(|target_state| target_state.index);
        indexes.max().unwrap_or_default()
    }

    /// What `consul watch` would give: the first target as it is.
    pub fn current(&self) -> WatchedState {
        let (target, target_state) = (&self.targets[0], &self.list[0]);
        match &target.scope {
            TargetScope::Key(key) => {
                WatchedState::Key(target_state.admitted.get(key.as_str()).cloned())
            }
            TargetScope::Prefix(_) => {
                WatchedState::Prefix(target_state.admitted.entries().to_vec())
            }
        }
    }

    fn created(&self, id: TargetId, there: &Snapshot, at: SystemTime) -> Vec<Change> {
        let none = Snapshot::default();
        between(id, &none, there, Continuity::Kept, self.locks, at)
    }

    /// Whether a target's change of this key is one to tell of.
    fn is_told(&self, id: TargetId, key: &str) -> bool {
        let own = self.targets.len() == 1 || owner(&self.targets, key) == Some(id);
        own && self.filter.admits(key)
    }
}

#[cfg(test)]
mod tests;
