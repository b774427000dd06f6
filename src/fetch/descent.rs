//! One round of a walk: down from a listing of the root to what changed.

use super::WalkSource;
use super::cost::Cost;
use super::limits::WalkLimits;
use super::listing::Listing;
use super::method::FullFetchReason;
use super::non_utf8::NonUtf8Keys;
use super::query::{Query, QueryResult, ask_all};
use super::split::{Part, is_addressable, split};
use crate::model::{Entry, Index, Snapshot};

/// The number of queries between two checks of what the walk has cost.
const CHUNK: usize = 32;

/// The reason why a walk ended early.
pub(super) enum WalkStop<E> {
    /// A request failed.
    Failed(E),
    /// Everything has to be read.
    FetchAll(FullFetchReason),
}

impl<E> From<E> for WalkStop<E> {
    fn from(error: E) -> Self {
        WalkStop::Failed(error)
    }
}

/// One round. Brings `seen` from a state in which every branch is at `from` or later to one in which
/// every branch is at `to` or later.
pub(super) struct Descent<'a, P> {
    pub(super) source: &'a P,
    pub(super) seen: &'a mut Snapshot,
    /// Branches that are not newer are skipped.
    pub(super) from: Index,
    /// The index of the root when the round began.
    pub(super) to: Index,
    pub(super) limits: &'a WalkLimits,
    /// The highest [`Cost::weight`] of the walk.
    pub(super) budget: u64,
    pub(super) cost: &'a mut Cost,
    /// Keys whose names are not UTF-8.
    pub(super) left_out: &'a mut NonUtf8Keys,
    /// The queries of the next level down.
    pub(super) queries: Vec<Query>,
    /// Whether something is newer than `to`, or may be: a branch that is gone does not show since
    /// when.
    pub(super) found_newer: bool,
}

impl<P> Descent<'_, P>
where
    P: WalkSource + Sync,
    P::Error: Send,
{
    /// Walks down from the root, whose names were listed just now. Returns whether something may be
    /// newer than `to`; otherwise `seen` is the exact state at `to`.
    pub(super) fn run(mut self, root: &str, listing: &Listing) -> Result<bool, WalkStop<P::Error>> {
        self.enter(root, listing)?;
        if self.queries.contains(&Query::Entries(root.to_owned())) {
            // As a read of its own it is exact at once, without another round.
            return Err(WalkStop::FetchAll(FullFetchReason::ManyChanges));
        }
        let received = self.source.received();
        while !self.queries.is_empty() {
            let level = std::mem::take(&mut self.queries);
            for chunk in level.chunks(CHUNK) {
                self.cost.requests += u32::try_from(chunk.len()).unwrap_or(u32::MAX);
                let results = ask_all(self.source, self.seen, chunk, self.limits.connections)?;
                for (query, result) in chunk.iter().zip(results) {
                    self.apply(query, result)?;
                }
                let spent = Cost {
                    bytes: self.source.received() - received,
                    ..*self.cost
                };
                if spent.weight() > self.budget {
                    return Err(WalkStop::FetchAll(FullFetchReason::ManyChanges));
                }
            }
        }
        Ok(self.found_newer)
    }

    /// Applies a result. Where two queries of a level cover the same keys, the later result replaces
    /// the earlier one: if they differ, one of them was newer than `to`, and the next round reads
    /// these keys again.
    fn apply(&mut self, query: &Query, result: QueryResult) -> Result<(), WalkStop<P::Error>> {
        let (Query::Names(text)
        | Query::Entries(text)
        | Query::Key(text)
        | Query::Unaddressable(text)) = query;
        match result {
            QueryResult::NameListing {
                index,
                listing,
                newest_known,
            } => self.apply_names(text, index, &listing, newest_known),
            QueryResult::EntryListing {
                index,
                is_empty,
                fresh,
                left_out,
            } => {
                self.left_out.merge(left_out);
                match index {
                    Some(index) => self.apply_entries(text, index, is_empty, fresh),
                    None => self.apply_unaddressable(text, fresh),
                }
            }
            QueryResult::Entry(entry) => self.apply_entry(text, entry),
            QueryResult::Refused => Err(WalkStop::FetchAll(FullFetchReason::QueryFailed)),
        }
    }

    fn apply_names(
        &mut self,
        text: &str,
        index: Index,
        listing: &Listing,
        newest_known: Option<Index>,
    ) -> Result<(), WalkStop<P::Error>> {
        if listing.is_empty {
            // Gone, whatever the index shows: a recursive delete further up leaves its tombstone
            // there, and a text without entries and tombstones has the index of the whole store.
            self.seen.splice(text, Vec::new());
            self.found_newer = true;
            return Ok(());
        }
        if index <= self.from {
            let fits = newest_known.is_none_or(|newest| newest <= index);
            return if fits && !listing.differs(self.left_out) {
                Ok(())
            } else {
                reject_history()
            };
        }
        self.found_newer |= index > self.to;
        self.enter(text, listing)
    }

    /// Queues the queries below a text that has changed and whose names were just listed.
    fn enter(&mut self, text: &str, listing: &Listing) -> Result<(), WalkStop<P::Error>> {
        self.left_out.any |= listing.non_utf8;
        if listing.unsorted {
            return reject_history();
        }
        for name in &listing.vanished {
            // A folder marker lists itself in its own folder, as a key like any other.
            if name.ends_with('/') && name != text {
                self.seen.splice(name, Vec::new());
            } else {
                self.seen.remove(name);
            }
        }
        let known = self.seen.under(text);
        if self.limits.is_small(known) {
            self.queries.push(Query::Entries(text.to_owned()));
            return Ok(());
        }
        let appeared = listing.appeared.iter();
        let appeared = appeared.map(|name| query_appeared(name, text));
        let known = split(known, text.len()).into_iter().map(query_known);
        self.queries.extend(appeared.chain(known));
        Ok(())
    }

    /// Applies all entries below a text, as they were at `index`.
    fn apply_entries(
        &mut self,
        text: &str,
        index: Index,
        is_empty: bool,
        fresh: Option<Vec<Entry>>,
    ) -> Result<(), WalkStop<P::Error>> {
        if !is_empty && index <= self.from && fresh.is_some() {
            return reject_history();
        }
        self.found_newer |= is_empty || index > self.to;
        if let Some(fresh) = fresh {
            // The answer is sorted already; a snapshot enforces it.
            let fresh = Snapshot::new(index, fresh);
            self.seen.splice(text, fresh.entries().to_vec());
        }
        Ok(())
    }

    /// Applies all entries below a text that only a transaction can carry. Its answer has no index:
    /// each entry shows by itself how new it is, and since when a key is gone is unknown.
    fn apply_unaddressable(
        &mut self,
        text: &str,
        fresh: Option<Vec<Entry>>,
    ) -> Result<(), WalkStop<P::Error>> {
        let Some(fresh) = fresh else {
            return Ok(());
        };
        let known = Snapshot::new(self.to, self.seen.under(text).to_vec());
        let fresh = Snapshot::new(self.to, fresh);
        for (was, is) in known.differences(&fresh) {
            match is {
                Some(is) if was == Some(is) => {}
                Some(is) if is.modified() <= self.from => return reject_history(),
                Some(is) => self.found_newer |= is.modified() > self.to,
                None => self.found_newer = true,
            }
        }
        self.seen.splice(text, fresh.entries().to_vec());
        Ok(())
    }

    fn apply_entry(&mut self, key: &str, entry: Option<Entry>) -> Result<(), WalkStop<P::Error>> {
        let Some(entry) = entry else {
            self.seen.remove(key);
            self.found_newer = true;
            return Ok(());
        };
        self.found_newer |= entry.modified() > self.to;
        if self.seen.get(key) == Some(&entry) {
            return Ok(());
        }
        if entry.modified() <= self.from || entry.key() != key {
            return reject_history();
        }
        self.seen.insert(entry);
        Ok(())
    }
}

/// Stops the walk because an answer contradicts the known history.
fn reject_history<E>() -> Result<(), WalkStop<E>> {
    Err(WalkStop::FetchAll(FullFetchReason::HistoryDiffers))
}

/// Returns the query for a name below `text` that is not known yet.
fn query_appeared(name: &str, text: &str) -> Query {
    if !is_addressable(name) {
        Query::Unaddressable(name.to_owned())
    } else if name.ends_with('/') && name != text {
        Query::Entries(name.to_owned())
    } else {
        Query::Key(name.to_owned())
    }
}

/// Returns the query for a known part.
fn query_known(part: Part<'_>) -> Query {
    match part {
        Part::Branch(text) if is_addressable(text) => Query::Names(text.to_owned()),
        Part::Leaf(key) if is_addressable(key) => Query::Key(key.to_owned()),
        Part::Branch(unaddressable) | Part::Leaf(unaddressable) => {
            Query::Unaddressable(unaddressable.to_owned())
        }
    }
}
