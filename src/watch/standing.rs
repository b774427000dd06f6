//! Where each target stands: what was last let through of it, and what an answer adds to that.

use std::time::SystemTime;

use super::event::Answered;
use super::filter::Filter;
use super::resume::Resume;
use super::target::{Target, What, owner};
use super::withheld::{MaxDelete, Notice, Why, Withheld};
use crate::handlers::Current;
use crate::model::{Change, Continuity, Index, Snapshot, TargetId, between};

/// What an answer means.
#[derive(Debug)]
pub struct News {
    /// Whether it is the first of its target.
    pub first: bool,
    /// What began or ceased to be withheld.
    pub notices: Vec<Notice>,
    /// What is different from what was let through before: of a first answer, from what was
    /// handled before this start.
    pub changes: Vec<Change>,
    /// How many other changes were left out: by filters, or as another target's.
    pub left_out: usize,
    /// What is withheld now, and why.
    pub withheld: Vec<(String, Why)>,
}

#[derive(Debug)]
struct Standing {
    admitted: Snapshot,
    withheld: Withheld,
    /// The index of the last answer.
    index: Index,
    synced: bool,
}

/// All targets.
#[derive(Debug)]
pub struct Standings {
    targets: Vec<Target>,
    filter: Filter,
    locks: bool,
    list: Vec<Standing>,
}

impl Standings {
    /// Nothing was seen yet; `known` gives what was handled before this start.
    pub fn new(
        targets: Vec<Target>,
        filter: Filter,
        locks: bool,
        max_delete: Option<MaxDelete>,
        known: impl Fn(TargetId) -> Snapshot,
    ) -> Self {
        let list = targets.iter().map(|target| Standing {
            admitted: known(target.id),
            withheld: Withheld::new(max_delete),
            index: Index::default(),
            synced: false,
        });
        Standings {
            list: list.collect(),
            targets,
            filter,
            locks,
        }
    }

    /// Takes an answer, and says what is new. `resume` makes known again what was only remembered.
    /// With `anew` a first answer is told as created whole, and what is no longer there as deleted.
    pub fn take(
        &mut self,
        id: TargetId,
        answered: &Answered,
        resume: Option<&mut Resume>,
        anew: bool,
    ) -> News {
        let standing = &mut self.list[usize::from(id.0)];
        let seen = &answered.snapshot;
        if let Some(last) = resume.and_then(|state| state.recall(id, &standing.admitted, seen)) {
            standing.admitted = last;
        }
        let last = &standing.admitted;
        let admitted = standing.withheld.admit(last, seen, &answered.unproven);
        let before = std::mem::replace(&mut standing.admitted, admitted.snapshot.clone());
        let first = !std::mem::replace(&mut standing.synced, true);
        standing.index = seen.index();
        let withheld = standing.withheld.keys();
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
        News {
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
        self.list.iter().all(|standing| standing.synced)
    }

    /// The targets that were not seen yet.
    pub fn unseen(&self) -> impl Iterator<Item = &Target> {
        let standings = self.targets.iter().zip(&self.list);
        standings
            .filter(|(_, standing)| !standing.synced)
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
        let indexes = self.list.iter().map(|standing| standing.index);
        indexes.max().unwrap_or_default()
    }

    /// What `consul watch` would give: the first target as it is.
    pub fn current(&self) -> Current {
        let (target, standing) = (&self.targets[0], &self.list[0]);
        match &target.what {
            What::Key(key) => Current::Key(standing.admitted.get(key.as_str()).cloned()),
            What::Prefix(_) => Current::Prefix(standing.admitted.entries().to_vec()),
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
