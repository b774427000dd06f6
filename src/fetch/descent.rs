//! One round of a walk: down from a listing of the root to what changed.

use super::Source;
use super::cost::{Cost, FullFetchReason, WalkLimits};
use super::listing::Listing;
use super::non_utf8::NonUtf8Keys;
use super::query::{Query, QueryResult, ask_all};
use super::split::{Part, askable, split};
use crate::model::{Entry, Index, Snapshot};

/// So many queries are put before what they cost is looked at.
const AT_A_TIME: usize = 32;

/// Why a walk ended early.
pub(super) enum WalkStop<E> {
    /// A request got no answer.
    Failed(E),
    /// Everything has to be read.
    Whole(FullFetchReason),
}

impl<E> From<E> for WalkStop<E> {
    fn from(error: E) -> Self {
        WalkStop::Failed(error)
    }
}

/// One round. Takes `seen`, which holds every branch as it was at `since` or later, to a state in
/// which every branch is as it was at `at` or later.
pub(super) struct Descent<'a, P> {
    source: &'a P,
    seen: &'a mut Snapshot,
    /// Branches that are not newer are skipped.
    since: Index,
    /// The index of the root when the round began.
    at: Index,
    limits: &'a WalkLimits,
    /// What the walk may weigh, see [`Cost::weight`].
    budget: u64,
    cost: &'a mut Cost,
    /// Entries whose names are not UTF-8.
    left_out: &'a mut NonUtf8Keys,
    queries: Vec<Query>,
    /// Whether something is newer than `at`, or may be: what is gone altogether does not say
    /// since when.
    newer: bool,
}

impl<'a, P> Descent<'a, P>
where
    P: Source + Sync,
    P::Error: Send,
{
    /// A round from `since` to `at`.
    pub(super) fn new(
        (source, cost): (&'a P, &'a mut Cost),
        (seen, left_out): (&'a mut Snapshot, &'a mut NonUtf8Keys),
        (since, at): (Index, Index),
        (limits, budget): (&'a WalkLimits, u64),
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
            queries: Vec::new(),
            newer: false,
        }
    }

    /// Walks down from the root, whose names were listed just now. Says whether something newer than
    /// `at` may have shown; otherwise `seen` is the exact state at `at`.
    pub(super) fn run(mut self, root: &str, listing: &Listing) -> Result<bool, WalkStop<P::Error>> {
        self.enter(root, listing)?;
        if self.queries.contains(&Query::All(root.to_owned())) {
            // As a read of its own it is exact at once, and needs no second look.
            return Err(WalkStop::Whole(FullFetchReason::MuchChanged));
        }
        let received = self.source.received();
        while !self.queries.is_empty() {
            let level = std::mem::take(&mut self.queries);
            for some in level.chunks(AT_A_TIME) {
                self.cost.requests += u32::try_from(some.len()).unwrap_or(u32::MAX);
                let results = ask_all(self.source, self.seen, some, self.limits.connections)?;
                for (query, result) in some.iter().zip(results) {
                    self.take(query, result)?;
                }
                let spent = Cost {
                    bytes: self.source.received() - received,
                    ..*self.cost
                };
                if spent.weight() > self.budget {
                    return Err(WalkStop::Whole(FullFetchReason::MuchChanged));
                }
            }
        }
        Ok(self.newer)
    }

    /// Takes a result. Where two queries of a level cover the same keys, what one brought may take the
    /// place of what the other did: then one of them was newer than `at`, and the next round looks
    /// there again.
    fn take(&mut self, query: &Query, result: QueryResult) -> Result<(), WalkStop<P::Error>> {
        let (Query::Changed(text)
        | Query::All(text)
        | Query::Key(text)
        | Query::Unaddressable(text)) = query;
        match result {
            QueryResult::NameListing {
                index,
                listing,
                newest,
            } => self.names(text, index, &listing, newest),
            QueryResult::EntryListing {
                index,
                empty,
                fresh,
                left_out,
            } => {
                self.left_out.join(left_out);
                match index {
                    Some(index) => self.all(text, index, empty, fresh),
                    None => self.unaddressable(text, fresh),
                }
            }
            QueryResult::Entry(entry) => self.entry(text, entry),
            QueryResult::Refused => Err(WalkStop::Whole(FullFetchReason::Refused)),
        }
    }

    fn names(
        &mut self,
        text: &str,
        index: Index,
        listing: &Listing,
        newest: Option<Index>,
    ) -> Result<(), WalkStop<P::Error>> {
        if !listing.named {
            // Gone, whatever the index says: a recursive delete further up leaves its mark there,
            // and what is left without entries and marks answers the index of the whole store.
            self.seen.splice(text, Vec::new());
            self.newer = true;
            return Ok(());
        }
        if index <= self.since {
            let fits = newest.is_none_or(|newest| newest <= index);
            return if fits && !listing.differs(self.left_out) {
                Ok(())
            } else {
                doubt()
            };
        }
        self.newer |= index > self.at;
        self.enter(text, listing)
    }

    /// Goes on below a text that has changed and whose names were just listed.
    fn enter(&mut self, text: &str, listing: &Listing) -> Result<(), WalkStop<P::Error>> {
        self.left_out.any |= listing.non_utf8;
        if listing.unsorted {
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
            self.queries.push(Query::All(text.to_owned()));
            return Ok(());
        }
        let appeared = listing.appeared.iter().map(|name| appeared(name, text));
        let stayed = split(known, text.len()).into_iter().map(stayed);
        self.queries.extend(appeared.chain(stayed));
        Ok(())
    }

    fn is_small(&self, known: &[Entry]) -> bool {
        let size = |entry: &Entry| entry.key().len() + entry.value().len();
        known.len() <= self.limits.fetch_keys
            && known.iter().map(size).sum::<usize>() <= self.limits.fetch_bytes
    }

    /// All below a text, as it was at an index.
    fn all(
        &mut self,
        text: &str,
        index: Index,
        empty: bool,
        fresh: Option<Vec<Entry>>,
    ) -> Result<(), WalkStop<P::Error>> {
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

    /// All below a text that only a transaction can name. Its answer has no index: what it shows says
    /// by itself how new it is, and since when something is gone nobody knows.
    fn unaddressable(
        &mut self,
        text: &str,
        fresh: Option<Vec<Entry>>,
    ) -> Result<(), WalkStop<P::Error>> {
        let Some(fresh) = fresh else {
            return Ok(());
        };
        let known = Snapshot::new(self.at, self.seen.under(text).to_vec());
        let fresh = Snapshot::new(self.at, fresh);
        for (was, is) in known.differences(&fresh) {
            match is {
                Some(is) if was == Some(is) => {}
                Some(is) if is.modified() <= self.since => return doubt(),
                Some(is) => self.newer |= is.modified() > self.at,
                None => self.newer = true,
            }
        }
        self.seen.splice(text, fresh.entries().to_vec());
        Ok(())
    }

    fn entry(&mut self, key: &str, entry: Option<Entry>) -> Result<(), WalkStop<P::Error>> {
        let Some(entry) = entry else {
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
}

/// What does not fit what is known of this history belongs to another one.
fn doubt<E>() -> Result<(), WalkStop<E>> {
    Err(WalkStop::Whole(FullFetchReason::Doubt))
}

/// What to do about a name below `text` that is not known.
fn appeared(name: &str, text: &str) -> Query {
    if !askable(name) {
        Query::Unaddressable(name.to_owned())
    } else if name.ends_with('/') && name != text {
        Query::All(name.to_owned())
    } else {
        Query::Key(name.to_owned())
    }
}

/// What to do about a part that is known.
fn stayed(part: Part<'_>) -> Query {
    match part {
        Part::Branch(text) if askable(text) => Query::Changed(text.to_owned()),
        Part::Leaf(key) if askable(key) => Query::Key(key.to_owned()),
        Part::Branch(unaddressable) | Part::Leaf(unaddressable) => {
            Query::Unaddressable(unaddressable.to_owned())
        }
    }
}
