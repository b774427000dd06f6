//! One round of a walk: down from a listing of the root to what changed.

use std::collections::VecDeque;

use super::Source;
use super::cost::{Cost, Limits, Refetch};
use super::listing::Listing;
use super::renewal::Renewal;
use super::split::{Part, askable, level, split};
use super::unreadable::LeftOut;
use crate::model::{Entry, Index, Snapshot};

/// Why a walk ended early.
pub(super) enum Halt<E> {
    /// A request got no answer.
    Failed(E),
    /// Everything has to be read.
    Whole(Refetch),
}

impl<E> From<E> for Halt<E> {
    fn from(error: E) -> Self {
        Halt::Failed(error)
    }
}

/// Something to look at.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    /// All that begins with this text, if it changed.
    Ask(String),
    /// All that begins with this text.
    Fetch(String),
    /// This key.
    Leaf(String),
    /// All that begins with this text, which a URL cannot carry.
    Hidden(String),
}

/// One round. Takes `seen`, which holds every branch as it was at `since` or later, to a state in
/// which every branch is as it was at `at` or later.
pub(super) struct Descent<'a, P> {
    pub(super) source: &'a mut P,
    pub(super) seen: &'a mut Snapshot,
    /// Branches that are not newer are skipped.
    pub(super) since: Index,
    /// The index of the root when the round began.
    pub(super) at: Index,
    pub(super) limits: &'a Limits,
    /// What the walk may weigh, see [`Cost::weight`].
    pub(super) budget: u64,
    pub(super) cost: &'a mut Cost,
    /// Entries whose names are not UTF-8.
    pub(super) left_out: &'a mut LeftOut,
    tasks: VecDeque<Task>,
    /// Whether something is newer than `at`, or may be: what is gone altogether does not say
    /// since when.
    newer: bool,
}

impl<'a, P: Source> Descent<'a, P> {
    /// A round from `since` to `at`.
    pub(super) fn new(
        (source, cost): (&'a mut P, &'a mut Cost),
        (seen, left_out): (&'a mut Snapshot, &'a mut LeftOut),
        (since, at): (Index, Index),
        (limits, budget): (&'a Limits, u64),
    ) -> Self {
        Descent {
            source,
            seen,
            since,
            at,
            limits,
            budget,
            cost,
            left_out,
            tasks: VecDeque::new(),
            newer: false,
        }
    }

    /// Walks down from the root, whose names were listed just now. Says whether something newer than
    /// `at` may have shown; otherwise `seen` is the exact state at `at`.
    pub(super) fn run(mut self, root: &str, listing: &Listing) -> Result<bool, Halt<P::Error>> {
        self.enter(root, listing)?;
        if self.tasks.contains(&Task::Fetch(root.to_owned())) {
            // As a read of its own it is exact at once, and needs no second look.
            return Err(Halt::Whole(Refetch::MuchChanged));
        }
        let received = self.source.received();
        while let Some(task) = self.tasks.pop_front() {
            self.cost.requests += 1;
            match task {
                Task::Ask(text) => self.ask(&text)?,
                Task::Fetch(text) => self.fetch(&text)?,
                Task::Leaf(key) => self.leaf(&key)?,
                Task::Hidden(text) => self.hidden(&text)?,
            }
            let spent = Cost {
                bytes: self.source.received() - received,
                ..*self.cost
            };
            if spent.weight() > self.budget {
                return Err(Halt::Whole(Refetch::MuchChanged));
            }
        }
        Ok(self.newer)
    }

    fn ask(&mut self, text: &str) -> Result<(), Halt<P::Error>> {
        let known = self.seen.under(text);
        let (meta, names) = self.source.names(text, None)?;
        let index = meta.index.unwrap_or_default();
        let listing = Listing::of(names, level(known, text.len()))?;
        if !listing.named {
            // Gone, whatever the index says: a recursive delete further up leaves its mark there,
            // and what is left without entries and marks answers the index of the whole store.
            self.seen.splice(text, Vec::new());
            self.newer = true;
            return Ok(());
        }
        if index <= self.since {
            let newest = known.iter().map(Entry::modified).max();
            let fits =
                !listing.differs(self.left_out) && newest.is_none_or(|newest| newest <= index);
            return if fits { Ok(()) } else { doubt() };
        }
        self.newer |= index > self.at;
        self.enter(text, &listing)
    }

    /// Goes on below a text that has changed and whose names were just listed.
    fn enter(&mut self, text: &str, listing: &Listing) -> Result<(), Halt<P::Error>> {
        self.left_out.any |= listing.unreadable;
        if listing.muddled {
            return doubt();
        }
        for name in &listing.vanished {
            // A folder marker lists itself in its own folder: there it is a key like any other.
            if name.ends_with('/') && name != text {
                self.seen.splice(name, Vec::new());
            } else {
                self.seen.remove(name);
            }
        }
        let known = self.seen.under(text);
        if self.is_small(known) {
            self.tasks.push_back(Task::Fetch(text.to_owned()));
            return Ok(());
        }
        let appeared = listing.appeared.iter().map(|name| appeared(name, text));
        let stayed = split(known, text.len()).into_iter().map(stayed);
        self.tasks.extend(appeared.chain(stayed));
        Ok(())
    }

    fn is_small(&self, known: &[Entry]) -> bool {
        let size = |entry: &Entry| entry.key().len() + entry.value().len();
        known.len() <= self.limits.fetch_keys
            && known.iter().map(size).sum::<usize>() <= self.limits.fetch_bytes
    }

    fn fetch(&mut self, text: &str) -> Result<(), Halt<P::Error>> {
        let mut renewal = Renewal::of(self.seen.under(text));
        let (meta, entries) = self.source.entries(text, None)?;
        let index = meta.index.unwrap_or_default();
        let mut empty = true;
        for entry in entries {
            let entry = entry?;
            empty = false;
            if entry.key().starts_with(text) {
                renewal.push(entry);
            }
        }
        let (fresh, left_out) = renewal.finish();
        self.left_out.join(left_out);
        if !empty && index <= self.since && fresh.is_some() {
            return doubt();
        }
        self.newer |= empty || index > self.at;
        if let Some(fresh) = fresh {
            // Sorted as an answer is; a snapshot makes sure of it.
            let fresh = Snapshot::new(index, fresh);
            self.seen.splice(text, fresh.entries().to_vec());
        }
        Ok(())
    }

    fn leaf(&mut self, key: &str) -> Result<(), Halt<P::Error>> {
        let Some(entry) = self.source.entry(key)? else {
            self.seen.remove(key);
            self.newer = true;
            return Ok(());
        };
        self.newer |= entry.modified() > self.at;
        if self.seen.get(key) == Some(&entry) {
            return Ok(());
        }
        if entry.modified() <= self.since || entry.key() != key {
            return doubt();
        }
        self.seen.insert(entry);
        Ok(())
    }

    /// Reads what only a transaction can name. That answer has no index: what it shows says by
    /// itself how new it is, and what is gone from it nobody knows.
    fn hidden(&mut self, text: &str) -> Result<(), Halt<P::Error>> {
        let Some(entries) = self.source.hidden(text)? else {
            return Err(Halt::Whole(Refetch::Refused));
        };
        let known = self.seen.under(text);
        let mut renewal = Renewal::of(known);
        entries.into_iter().for_each(|entry| renewal.push(entry));
        let (fresh, left_out) = renewal.finish();
        self.left_out.join(left_out);
        let Some(fresh) = fresh else {
            return Ok(());
        };
        let fresh = Snapshot::new(self.at, fresh);
        let old = |entry: &Entry| {
            let same = |known: &Entry| known == entry;
            self.seen.get(entry.key()).is_some_and(same)
        };
        let changed = fresh.entries().iter().filter(|entry| !old(entry));
        let ages: Vec<Index> = changed.map(Entry::modified).collect();
        if ages.iter().any(|modified| *modified <= self.since) {
            return doubt();
        }
        let vanished = known.iter().any(|entry| fresh.get(entry.key()).is_none());
        self.newer |= vanished || ages.iter().any(|modified| *modified > self.at);
        self.seen.splice(text, fresh.entries().to_vec());
        Ok(())
    }
}

/// What does not fit what is known of this history belongs to another one.
fn doubt<E>() -> Result<(), Halt<E>> {
    Err(Halt::Whole(Refetch::Doubt))
}

/// What to do about a name below `text` that is not known.
fn appeared(name: &str, text: &str) -> Task {
    if !askable(name) {
        Task::Hidden(name.to_owned())
    } else if name.ends_with('/') && name != text {
        Task::Fetch(name.to_owned())
    } else {
        Task::Leaf(name.to_owned())
    }
}

/// What to do about a part that is known.
fn stayed(part: Part<'_>) -> Task {
    match part {
        Part::Branch(text) if askable(text) => Task::Ask(text.to_owned()),
        Part::Leaf(key) if askable(key) => Task::Leaf(key.to_owned()),
        Part::Branch(hidden) | Part::Leaf(hidden) => Task::Hidden(hidden.to_owned()),
    }
}
