//! What a state file says, in memory: the handled entries of each target. Pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::format::{
    Base64, Contents, Damage, Hash, Head, Identity, Record, Secret, Step, Stored, Writer, hash,
};
use crate::model::{Batch, Entry, Fields, Index, Snapshot, TargetId};

/// Up to so many changed keys are put into a snapshot one by one; beyond, it is made anew.
const FEW: usize = 64;

/// What is kept of each entry beyond its value's hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// `--state-values`: the values themselves.
    pub values: bool,
    /// `--locks`: who holds them.
    pub sessions: bool,
}

/// The handled entries of all targets.
#[derive(Debug, Clone)]
pub struct Memory {
    keep: Keep,
    key: Secret,
    identity: Identity,
    targets: Vec<Target>,
}

#[derive(Debug, Clone, Default)]
struct Target {
    handled: Snapshot,
    /// What was read from a file and not yet found again in Consul.
    vague: HashMap<String, Vague>,
}

/// What is not known of an entry that was read from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Vague {
    /// Stands for the value, where that was not kept.
    hash: Option<Hash>,
    session_known: bool,
}

impl Memory {
    /// Nothing handled yet.
    pub fn new(identity: Identity, key: Secret, keep: Keep) -> Self {
        let targets = vec![Target::default(); identity.targets.len()];
        Memory {
            keep,
            key,
            identity,
            targets,
        }
    }

    /// What a file says, for a watch of the same targets in any order.
    ///
    /// # Errors
    /// When it speaks of a target that it does not have, although it is as it was written.
    pub fn load(contents: &Contents<'_>, identity: Identity, keep: Keep) -> Result<Self, Damage> {
        let mut memory = Memory::new(identity, contents.key, keep);
        let places: Option<Vec<usize>> = contents
            .head
            .identity
            .targets
            .iter()
            .map(|target| memory.identity.targets.iter().position(|own| own == target))
            .collect();
        let places = places.ok_or(Damage::Line(2))?;
        let place = |target: u64| {
            let place = usize::try_from(target).ok().and_then(|at| places.get(at));
            place.copied().ok_or(Damage::Line(2))
        };
        let mut entries = vec![BTreeMap::new(); memory.targets.len()];
        let mut indexes = vec![Index(0); memory.targets.len()];
        for (at, index) in contents.head.indexes.iter().enumerate() {
            indexes[places[at]] = Index(*index);
        }
        for stored in &contents.entries {
            entries[place(stored.target)?].insert(stored.key.as_ref(), stored);
        }
        for steps in &contents.batches {
            let mut reached = BTreeMap::new();
            for step in steps {
                let (target, index) = step.reaches();
                let target = place(target)?;
                let highest = reached.entry(target).or_insert(index);
                *highest = index.max(*highest);
                match step {
                    Step::Put(stored) => entries[target].insert(stored.key.as_ref(), stored),
                    Step::Gone { key, .. } => entries[target].remove(key.as_ref()),
                };
            }
            for (target, index) in reached {
                indexes[target] = index;
            }
        }
        for ((target, entries), index) in memory.targets.iter_mut().zip(entries).zip(indexes) {
            *target = Target::read(index, entries.into_values());
        }
        Ok(memory)
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What keys its hashes.
    pub fn key(&self) -> &Secret {
        &self.key
    }

    /// What was last handled of this target. Values that were not kept are unknown.
    pub fn handled(&self, target: TargetId) -> &Snapshot {
        &self.target(target).handled
    }

    /// Makes known what of `last` can be, now that Consul shows `seen`: an entry whose hash is that of
    /// its present value has that value, and one that is the same in all that counts becomes the
    /// present entry itself. `last` is what was last let through. To be called for every answer, as a
    /// key may be hidden at first; `None` when nothing is left to become known.
    pub fn recall(&mut self, id: TargetId, last: &Snapshot, seen: &Snapshot) -> Option<Snapshot> {
        let target = &mut self.targets[usize::from(id.0)];
        if target.vague.is_empty() {
            return None;
        }
        let (mut known, mut vague) = (Vec::new(), HashMap::new());
        // Both are sorted: one walk, however many keys there are.
        let mut present = seen.entries().iter().peekable();
        for was in target.handled.entries() {
            while present.next_if(|now| now.key() < was.key()).is_some() {}
            let Some((key, unknown)) = target.vague.remove_entry(was.key()) else {
                continue;
            };
            let still = match present.peek().filter(|now| now.key() == was.key()) {
                None => Some(unknown),
                Some(now) => {
                    let (entry, still) = unknown.resolve(&self.key, self.keep.sessions, was, now);
                    known.push((was.clone(), entry));
                    still
                }
            };
            vague.extend(still.map(|still| (key, still)));
        }
        target.vague = vague;
        target.handled = replaced(&target.handled, &known);
        Some(replaced(last, &known))
    }

    /// Takes a batch as handled.
    pub fn apply(&mut self, batch: &Batch) {
        let mut reached = BTreeMap::new();
        let mut changed: BTreeMap<TargetId, BTreeMap<&str, Option<&Entry>>> = BTreeMap::new();
        for change in &batch.changes {
            let highest = reached.entry(change.target).or_insert(change.index);
            *highest = change.index.max(*highest);
            let target = changed.entry(change.target).or_default();
            target.insert(change.key(), change.after.as_ref());
        }
        for (id, changed) in changed {
            let target = &mut self.targets[usize::from(id.0)];
            for key in changed.keys() {
                target.vague.remove(*key);
            }
            let handled = std::mem::take(&mut target.handled);
            target.handled = put(handled, changed).at(reached[&id]);
        }
    }

    /// Takes everything that is there as handled.
    pub fn adopt(&mut self, target: TargetId, seen: &Snapshot) {
        self.targets[usize::from(target.0)] = Target {
            handled: seen.clone(),
            vague: HashMap::new(),
        };
    }

    /// The record of a handled batch.
    pub fn record<'a>(&self, batch: &'a Batch) -> Record<'a> {
        let steps = batch.changes.iter().map(|change| {
            let target = u64::from(change.target.0);
            match &change.after {
                Some(entry) => Step::Put(self.stored(target, entry, None)),
                None => Step::Gone {
                    target,
                    key: Cow::Borrowed(change.key()),
                    index: change.index.0,
                },
            }
        });
        Record::Batch(steps.collect())
    }

    /// Everything as a base.
    pub fn base(&self) -> Vec<u8> {
        let mut writer = Writer::base(self.key);
        writer.add(&Record::Head(Head {
            identity: self.identity.clone(),
            key: Base64(self.key.to_vec()),
            indexes: self
                .targets
                .iter()
                .map(|target| target.handled.index().0)
                .collect(),
            entries: self.targets.iter().map(|target| target.handled.len()).sum(),
        }));
        for (at, target) in self.targets.iter().enumerate() {
            for entry in target.handled.entries() {
                let vague = target.vague.get(entry.key());
                writer.add(&Record::Entry(self.stored(at as u64, entry, vague)));
            }
        }
        writer.into_bytes()
    }

    fn target(&self, target: TargetId) -> &Target {
        &self.targets[usize::from(target.0)]
    }

    fn stored<'a>(&self, target: u64, entry: &'a Entry, vague: Option<&Vague>) -> Stored<'a> {
        let keep = self.keep.values && entry.value_known();
        let hash = match vague {
            _ if keep => None,
            _ if entry.value_known() => Some(hash(&self.key, entry.key(), entry.value())),
            vague => vague.and_then(|vague| vague.hash),
        };
        let session_known = self.keep.sessions && vague.is_none_or(|vague| vague.session_known);
        Stored {
            target,
            key: Cow::Borrowed(entry.key()),
            flags: entry.flags(),
            created: entry.created().0,
            modified: entry.modified().0,
            locked: entry.locked(),
            session: session_known.then(|| entry.session().unwrap_or("").to_owned()),
            hash: hash.map(|hash| Base64(hash.to_vec())),
            value: keep.then(|| Base64(entry.value().to_vec())),
        }
    }
}

impl Target {
    fn read<'s>(index: Index, stored: impl Iterator<Item = &'s Stored<'s>>) -> Self {
        let mut vague = HashMap::new();
        let entries = stored.map(|stored| {
            let unknown = Vague {
                hash: stored.hash.as_ref().and_then(Base64::array),
                session_known: stored.session.is_some(),
            };
            vague.insert(stored.key.clone().into_owned(), unknown);
            Entry::pack(&Fields {
                key: &stored.key,
                value: stored.value.as_ref().map(|value| value.0.as_slice()),
                flags: stored.flags,
                created: stored.created,
                modified: stored.modified,
                locked: stored.locked,
                session: stored.session.as_deref(),
            })
        });
        let handled = Snapshot::new(index, entries.collect());
        Target { handled, vague }
    }
}

impl Vague {
    /// What this entry of a file was, now that its key is `now`, and what stays unknown of it.
    fn resolve(
        self,
        key: &Secret,
        sessions: bool,
        was: &Entry,
        now: &Entry,
    ) -> (Entry, Option<Vague>) {
        let same_value = if was.value_known() {
            was.value() == now.value()
        } else {
            self.hash == Some(hash(key, was.key(), now.value()))
        };
        let session = if self.session_known {
            was.session()
        } else {
            now.session()
        };
        let same_session = !sessions || session == now.session();
        if same_value && was.flags() == now.flags() && same_session {
            return (now.clone(), None);
        }
        let known = was.value_known() || same_value;
        let value = if same_value { now.value() } else { was.value() };
        let entry = Entry::pack(&Fields {
            value: known.then_some(value),
            session,
            ..was.fields()
        });
        let still = Vague {
            session_known: true,
            ..self
        };
        (entry, (!known).then_some(still))
    }
}

/// The snapshot with entries in place of others, both by key. What is another entry than the one
/// to be replaced was let through since: it stays as it is.
fn replaced(snapshot: &Snapshot, replacements: &[(Entry, Entry)]) -> Snapshot {
    if replacements.is_empty() {
        return snapshot.clone();
    }
    let mut replacements = replacements.iter().peekable();
    let entries = snapshot.entries().iter().map(|entry| {
        while replacements
            .next_if(|(was, _)| was.key() < entry.key())
            .is_some()
        {}
        let replacement = replacements.next_if(|(was, _)| was.is_same(entry));
        replacement.map_or(entry, |(_, now)| now).clone()
    });
    Snapshot::new(snapshot.index(), entries.collect())
}

/// The snapshot with these keys changed.
fn put(mut snapshot: Snapshot, changed: BTreeMap<&str, Option<&Entry>>) -> Snapshot {
    if changed.len() <= FEW {
        for (key, after) in changed {
            match after {
                Some(entry) => snapshot.insert(entry.clone()),
                None => {
                    snapshot.remove(key);
                }
            }
        }
        return snapshot;
    }
    let kept = snapshot
        .entries()
        .iter()
        .filter(|entry| !changed.contains_key(entry.key()))
        .cloned();
    let new = changed.values().copied().flatten().cloned();
    let mut entries: Vec<Entry> = kept.chain(new).collect();
    // Two sorted runs: this merges them.
    entries.sort_by(|a, b| a.key().cmp(b.key()));
    Snapshot::new(snapshot.index(), entries)
}

#[cfg(test)]
mod tests;
