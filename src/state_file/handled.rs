//! The contents of a state file in memory: what was handled of all targets. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::format::{
    Base64Text, Corruption, FileHead, FileKey, Identity, Keep, KeyUpdate, Record, RecordWriter,
    StoredEntry, hash,
};
use super::history::{TargetHistory, Unresolved};
use super::parse::Contents;
use crate::model::{Batch, Change, Entry, Index, Snapshot, TargetId};

/// What was handled of all targets.
#[derive(Debug, Clone)]
pub struct HandledState {
    keep: Keep,
    key: FileKey,
    identity: Identity,
    targets: Vec<TargetHistory>,
}

impl HandledState {
    /// A state in which nothing was handled yet.
    pub fn new(identity: Identity, key: FileKey, keep: Keep) -> Self {
        let targets = vec![TargetHistory::default(); identity.targets.len()];
        HandledState {
            keep,
            key,
            identity,
            targets,
        }
    }

    /// Loads the contents of a file, for a watch of the same targets in any order.
    ///
    /// # Errors
    /// When the file mentions a target that its head does not have.
    pub fn load(
        contents: &Contents<'_>,
        identity: Identity,
        keep: Keep,
    ) -> Result<Self, Corruption> {
        let mut handled = HandledState::new(identity, contents.key, keep);
        let own = &handled.identity.targets;
        let places = contents.head.identity.targets.iter();
        let places = places.map(|target| own.iter().position(|own| own == target));
        let mut loading = StateLoader {
            places: places.collect::<Option<_>>().ok_or(Corruption::Line(2))?,
            targets: vec![LoadedTarget::default(); own.len()],
        };
        for (place, index) in loading.places.iter().zip(&contents.head.indexes) {
            loading.targets[*place].index = Index(*index);
        }
        for stored in &contents.entries {
            loading
                .target(stored.target)?
                .entries
                .insert(&stored.key, stored);
        }
        for record in &contents.journal {
            loading.load_record(record)?;
        }
        let loaded = loading.targets.into_iter();
        handled.targets = loaded.map(LoadedTarget::history).collect();
        Ok(handled)
    }

    /// The watch that the state belongs to.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The key of its hashes.
    pub fn key(&self) -> &FileKey {
        &self.key
    }

    /// The number of entries that were last handled.
    pub fn entries(&self) -> usize {
        let targets = self.targets.iter();
        targets.map(|target| target.handled().len()).sum()
    }

    /// The entries of this target that were last handled. Values that were not kept are unknown.
    pub fn handled(&self, target: TargetId) -> &Snapshot {
        self.target(target).handled()
    }

    /// Returns what a restart compares Consul with.
    pub fn at_start(&self, target: TargetId) -> Snapshot {
        self.target(target).at_start()
    }

    /// Makes known what of `last` can be, now that Consul shows `seen`: an entry whose hash is that
    /// of its present value has that value, and one whose content is the same becomes the present
    /// entry itself. If a handler may have seen a different value, the entry stays unresolved and
    /// is delivered again. `last` is what was last admitted. Called for every answer, because a key
    /// may be hidden at first; `None` when nothing is left to become known.
    pub fn recall(&mut self, id: TargetId, last: &Snapshot, seen: &Snapshot) -> Option<Snapshot> {
        let target = &mut self.targets[usize::from(id.0)];
        target.recall(&self.key, self.keep.sessions, last, seen)
    }

    /// Takes note that a handler is about to be shown a batch.
    pub fn begin(&mut self, batch: &Batch) {
        for (id, changes) in by_target(batch) {
            let target = &mut self.targets[usize::from(id.0)];
            target.begin(changes.into_iter().filter_map(last_entry));
        }
    }

    /// Whether all keys of the batch are known to have been shown.
    pub fn has_begun(&self, batch: &Batch) -> bool {
        let mut changes = batch.changes.iter();
        changes.all(|change| self.target(change.target).has_begun(change.key()))
    }

    /// Takes a batch as handled.
    pub fn apply(&mut self, batch: &Batch) {
        for (id, changes) in by_target(batch) {
            let index = changes.iter().map(|change| change.index).max();
            let changed = changes
                .iter()
                .map(|change| (change.key(), change.after.as_ref()));
            let target = &mut self.targets[usize::from(id.0)];
            target.apply(changed.collect(), index.unwrap_or_default());
        }
    }

    /// Takes every present entry as handled.
    pub fn adopt(&mut self, target: TargetId, seen: &Snapshot) {
        self.targets[usize::from(target.0)] = TargetHistory::adopted(seen);
    }

    /// Returns the record of a batch that is about to be shown.
    pub fn run_record<'a>(&self, batch: &'a Batch) -> Record<'a> {
        let shown = batch.changes.iter().filter_map(|change| {
            let entry = last_entry(change)?;
            Some(stored_without_value(u64::from(change.target.0), entry))
        });
        Record::Run(shown.collect())
    }

    /// Returns the record of a handled batch.
    pub fn record<'a>(&self, batch: &'a Batch) -> Record<'a> {
        let updates = batch.changes.iter().map(|change| {
            let target = u64::from(change.target.0);
            match &change.after {
                Some(entry) => KeyUpdate::Put(self.stored(target, entry, None)),
                None => KeyUpdate::Gone {
                    target,
                    key: Cow::Borrowed(change.key()),
                    index: change.index.0,
                },
            }
        });
        Record::Batch(updates.collect())
    }

    /// Returns the whole state as a base, and behind it the keys that were shown and not handled.
    pub fn base(&self) -> Vec<u8> {
        let indexes = self.targets.iter().map(|target| target.handled().index().0);
        let mut writer = RecordWriter::base(self.key);
        writer.add(&Record::Head(FileHead {
            identity: self.identity.clone(),
            key: self.key,
            indexes: indexes.collect(),
            entries: self.entries(),
        }));
        for (number, target) in (0..).zip(&self.targets) {
            for entry in target.handled().entries() {
                let unresolved = target.unresolved(entry.key());
                writer.add(&Record::Entry(self.stored(number, entry, unresolved)));
            }
        }
        let numbered = (0..).zip(&self.targets);
        let all_shown = numbered.flat_map(|(number, target)| {
            target
                .shown()
                .map(move |entry| stored_without_value(number, entry))
        });
        let all_shown: Vec<StoredEntry<'_>> = all_shown.collect();
        if !all_shown.is_empty() {
            writer.add(&Record::Run(all_shown));
        }
        writer.into_bytes()
    }

    fn target(&self, target: TargetId) -> &TargetHistory {
        &self.targets[usize::from(target.0)]
    }

    fn stored<'a>(
        &self,
        target: u64,
        entry: &'a Entry,
        unresolved: Option<&Unresolved>,
    ) -> StoredEntry<'a> {
        let keep = self.keep.values && entry.value_known();
        let hash = match unresolved {
            _ if keep => None,
            _ if entry.value_known() => Some(hash(&self.key, entry.key(), entry.value())),
            unresolved => unresolved.and_then(|unresolved| unresolved.hash),
        };
        let session_known =
            self.keep.sessions && unresolved.is_none_or(|unresolved| unresolved.session_known);
        StoredEntry {
            session: session_known.then(|| entry.session().unwrap_or("").to_owned()),
            hash: hash.map(|hash| Base64Text(hash.to_vec())),
            value: keep.then(|| Base64Text(entry.value().to_vec())),
            ..stored_without_value(target, entry)
        }
    }
}

/// Returns the stored form of an entry, without anything that tells its value.
fn stored_without_value(target: u64, entry: &Entry) -> StoredEntry<'_> {
    StoredEntry {
        target,
        key: Cow::Borrowed(entry.key()),
        flags: entry.flags(),
        created: entry.created().0,
        modified: entry.modified().0,
        locked: entry.locked(),
        session: None,
        hash: None,
        value: None,
    }
}

/// Returns the entry of a changed key or, if the key is deleted, its last one.
fn last_entry(change: &Change) -> Option<&Entry> {
    change.after.as_ref().or(change.before.as_ref())
}

fn by_target(batch: &Batch) -> BTreeMap<TargetId, Vec<&Change>> {
    let mut changes: BTreeMap<TargetId, Vec<&Change>> = BTreeMap::new();
    for change in &batch.changes {
        changes.entry(change.target).or_default().push(change);
    }
    changes
}

/// A file that is being loaded, by the targets of the watch that loads it.
struct StateLoader<'c, 'a> {
    /// For each target of the file its place among the targets of the watch.
    places: Vec<usize>,
    targets: Vec<LoadedTarget<'c, 'a>>,
}

#[derive(Clone, Default)]
struct LoadedTarget<'c, 'a> {
    index: Index,
    entries: BTreeMap<&'c str, &'c StoredEntry<'a>>,
    shown: BTreeMap<&'c str, &'c StoredEntry<'a>>,
}

impl<'c, 'a> StateLoader<'c, 'a> {
    fn target(&mut self, number: u64) -> Result<&mut LoadedTarget<'c, 'a>, Corruption> {
        let place = usize::try_from(number)
            .ok()
            .and_then(|at| self.places.get(at));
        Ok(&mut self.targets[*place.ok_or(Corruption::Line(2))?])
    }

    fn load_record(&mut self, record: &'c Record<'a>) -> Result<(), Corruption> {
        match record {
            Record::Run(shown) => {
                for stored in shown {
                    self.target(stored.target)?
                        .shown
                        .insert(&stored.key, stored);
                }
            }
            Record::Batch(updates) => {
                let mut reached = BTreeMap::new();
                for update in updates {
                    let (number, index) = update.reaches();
                    let highest = reached.entry(number).or_insert(index);
                    *highest = index.max(*highest);
                    self.target(number)?.update(update);
                }
                for (number, index) in reached {
                    self.target(number)?.index = index;
                }
            }
            Record::Head(_) | Record::Entry(_) => return Err(Corruption::Line(2)),
        }
        Ok(())
    }
}

impl<'c, 'a> LoadedTarget<'c, 'a> {
    fn update(&mut self, update: &'c KeyUpdate<'a>) {
        let key = match update {
            KeyUpdate::Put(stored) => {
                self.entries.insert(&stored.key, stored);
                &stored.key
            }
            KeyUpdate::Gone { key, .. } => {
                self.entries.remove(key.as_ref());
                key
            }
        };
        self.shown.remove(key.as_ref());
    }

    fn history(self) -> TargetHistory {
        let (entries, shown) = (self.entries.into_values(), self.shown.into_values());
        TargetHistory::load(self.index, entries, shown)
    }
}

#[cfg(test)]
mod tests;
