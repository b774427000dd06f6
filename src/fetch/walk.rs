//! The walk for large prefixes: finds what changed without fetching the rest.
//!
//! The index that Consul answers for any text is the highest modify index or tombstone below it. So
//! the texts that keys begin with form a tree of "last changed at" indexes, and a client that knows
//! the keys can walk down to what changed. A round goes from the index of the last snapshot to the
//! root's index when it began; where nothing newer shows on the way, the snapshot is the exact
//! state at that index, as atomic as one answer. Otherwise the next round starts from there.

use std::time::{Duration, SystemTime};

use super::cost::Cost;
use super::descent::{Descent, WalkStop};
use super::limits::{MAX_SNAPSHOT_AGE, WalkLimits};
use super::listing::Listing;
use super::method::{FetchMethod, FullFetchReason};
use super::non_utf8::NonUtf8Keys;
use super::reuse::{EntryReuse, update};
use super::split::level_names;
use super::{Fetched, WalkSource};
use crate::consul::{Block, Meta};
use crate::model::{Index, Snapshot};

/// A fetch of a prefix: a small one is read whole, a large one walked.
pub struct Walk<P> {
    source: P,
    root: String,
    limits: WalkLimits,
    /// The index of the snapshot that this walk brought last, the only one it builds upon.
    base: Option<Index>,
    /// The time when the server last confirmed that snapshot.
    confirmed_at: SystemTime,
    /// The time of the last full fetch.
    full_fetch_at: SystemTime,
    /// The bytes that the last full fetch received.
    full_fetch_bytes: u64,
    /// The number of rounds that the next walk may take: fewer after each walk that was given up
    /// because writes kept coming, so that constant writes cost little more than full fetches.
    rounds: u32,
    left_out: NonUtf8Keys,
    /// The method of the last fetch.
    method: FetchMethod,
    /// The cost of the last fetch.
    cost: Cost,
}

impl<P> Walk<P>
where
    P: WalkSource + Sync,
    P::Error: Send,
{
    /// Creates a walk of all keys that begin with `root`, which must be addressable.
    pub fn new(source: P, root: impl Into<String>, limits: WalkLimits) -> Self {
        Walk {
            source,
            root: root.into(),
            rounds: limits.rounds,
            limits,
            base: None,
            confirmed_at: SystemTime::UNIX_EPOCH,
            full_fetch_at: SystemTime::UNIX_EPOCH,
            full_fetch_bytes: 0,
            left_out: NonUtf8Keys::default(),
            method: FetchMethod::Full,
            cost: Cost::default(),
        }
    }

    /// Returns method and cost of the last fetch.
    #[cfg(test)]
    pub(super) fn last_fetch(&self) -> (FetchMethod, Cost) {
        (self.method, self.cost)
    }

    /// Brings `seen` to what the server shows now, see [`Fetch::fetch`](super::Fetch::fetch).
    ///
    /// # Errors
    /// When there is no usable answer; `seen` is unchanged then.
    pub fn advance(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Fetched, P::Error> {
        let received = self.source.received();
        (self.method, self.cost) = (FetchMethod::Full, Cost::default());
        let meta = match since {
            Some(since) if self.limits.is_large(seen.entries()) && self.is_base(seen, since) => {
                self.walk_or_fetch_all(seen, since, wait)?
            }
            _ => self.fetch_all(seen, since.map(|since| Block { since, wait }))?,
        };
        self.cost.bytes = self.source.received() - received;
        self.log_fetch(seen.index());
        Ok(Fetched {
            meta,
            non_utf8: self.left_out.any,
        })
    }

    fn log_fetch(&self, index: Index) {
        let (root, cost) = (&self.root, &self.cost);
        match self.method {
            FetchMethod::Full => log::info!("read all of '{root}' at index {index}: {cost}"),
            FetchMethod::Walk => log::info!("walked '{root}' to index {index}: {cost}"),
            FetchMethod::WalkThenFull(reason) => {
                log::info!("read all of '{root}' at index {index}, because {reason}: {cost}");
            }
        }
    }

    fn is_base(&self, seen: &Snapshot, since: Index) -> bool {
        self.base == Some(since) && seen.index() == since
    }

    fn walk_or_fetch_all(
        &mut self,
        seen: &mut Snapshot,
        since: Index,
        wait: Duration,
    ) -> Result<Meta, P::Error> {
        let mut draft = seen.clone();
        match self.walk(&mut draft, since, wait) {
            Ok(meta) => {
                self.base = meta.index;
                *seen = draft.at(meta.index.unwrap_or_default());
                self.method = FetchMethod::Walk;
                self.rounds = self.limits.rounds.min(self.rounds + 1);
                Ok(meta)
            }
            Err(WalkStop::Failed(error)) => Err(error),
            Err(WalkStop::FetchAll(reason)) => {
                self.method = FetchMethod::WalkThenFull(reason);
                self.fetch_all(seen, None)
            }
        }
    }

    /// Reads everything in one answer.
    fn fetch_all(&mut self, seen: &mut Snapshot, block: Option<Block>) -> Result<Meta, P::Error> {
        let received = self.source.received();
        self.cost.requests += 1;
        let (meta, entries) = self.source.entries(&self.root, block)?;
        let now = self.source.now();
        let mut reuse = EntryReuse::new(seen.entries());
        for entry in entries {
            reuse.push(entry?);
        }
        let (entries, left_out) = reuse.finish();
        self.left_out = left_out;
        let index = meta.index.unwrap_or_default();
        update(seen, index, entries);
        self.base = Some(index);
        (self.confirmed_at, self.full_fetch_at) = (now, now);
        self.full_fetch_bytes = self.source.received() - received;
        Ok(meta)
    }

    /// Walks round after round, from `since` to an index at which `seen` is exact.
    fn walk(
        &mut self,
        seen: &mut Snapshot,
        since: Index,
        wait: Duration,
    ) -> Result<Meta, WalkStop<P::Error>> {
        let (mut meta, mut listing) = self.await_change(seen, since, wait)?;
        let mut from = since;
        loop {
            let to = meta.index.unwrap_or_default();
            let listed_at = self.source.now();
            self.check_age(listed_at)?;
            if listing.is_empty {
                // Nothing is left, at whatever index: this answer is the whole state.
                seen.splice(&self.root, Vec::new());
            } else if to < from {
                return Err(WalkStop::FetchAll(FullFetchReason::IndexWentBack));
            } else if to == from && (listing.differs(&self.left_out) || listing.unsorted) {
                return Err(WalkStop::FetchAll(FullFetchReason::HistoryDiffers));
            }
            if listing.is_empty || to == from {
                self.confirmed_at = listed_at;
                return Ok(meta);
            }
            self.cost.rounds += 1;
            if self.cost.rounds > self.rounds {
                self.rounds = 1.max(self.rounds / 2);
                return Err(WalkStop::FetchAll(FullFetchReason::ConstantWrites));
            }
            if !self.descend(seen, from, to, &listing)? {
                self.check_age(self.source.now())?;
                self.confirmed_at = listed_at;
                return Ok(meta);
            }
            from = to;
            (meta, listing) = self.list_root(seen, None)?;
        }
    }

    /// Walks one round; returns whether something may be newer than `to`.
    fn descend(
        &mut self,
        seen: &mut Snapshot,
        from: Index,
        to: Index,
        listing: &Listing,
    ) -> Result<bool, WalkStop<P::Error>> {
        let descent = Descent {
            source: &self.source,
            seen,
            from,
            to,
            limits: &self.limits,
            budget: self.limits.weight.unwrap_or(self.full_fetch_bytes / 2),
            cost: &mut self.cost,
            left_out: &mut self.left_out,
            queries: Vec::new(),
            found_newer: false,
        };
        descent.run(&self.root, listing).map_err(|stop| match stop {
            // A query that fails for a part may well work for the whole.
            WalkStop::Failed(error) => {
                log::info!("{error}");
                WalkStop::FetchAll(FullFetchReason::QueryFailed)
            }
            WalkStop::FetchAll(reason) => WalkStop::FetchAll(reason),
        })
    }

    /// Lists the root once its index is higher than `since` or the wait is over.
    fn await_change(
        &mut self,
        seen: &Snapshot,
        since: Index,
        wait: Duration,
    ) -> Result<(Meta, Listing), WalkStop<P::Error>> {
        let asked_at = self.source.now();
        let (meta, listing) = self.list_root(seen, Some(Block { since, wait }))?;
        let now = self.source.now();
        if now
            .duration_since(self.full_fetch_at)
            .unwrap_or(Duration::MAX)
            >= self.limits.audit_interval
        {
            return Err(WalkStop::FetchAll(FullFetchReason::Audit));
        }
        let index = meta.index.unwrap_or_default();
        // A restore ends blocking queries with the state before it. An agent may also be set to
        // block for less time than asked.
        let blocked = now.duration_since(asked_at).unwrap_or_default();
        let early = index == since && blocked + wait / 16 < wait;
        if listing.is_empty || (index >= since && !early) {
            return Ok((meta, listing));
        }
        // A lower index may also come from a server that lags behind the one that answered before.
        let (meta, listing) = self.list_root(seen, None)?;
        if !listing.is_empty && meta.index > Some(since) {
            // A restore and a write after it: the known snapshot cannot be built upon.
            return Err(WalkStop::FetchAll(FullFetchReason::HistoryDiffers));
        }
        Ok((meta, listing))
    }

    fn list_root(
        &mut self,
        seen: &Snapshot,
        block: Option<Block>,
    ) -> Result<(Meta, Listing), WalkStop<P::Error>> {
        self.cost.requests += 1;
        let (meta, names) = self.source.names(&self.root, block)?;
        let known = level_names(seen.entries(), self.root.len());
        Ok((meta, Listing::compare(names, known)?))
    }

    /// Stops the walk where Consul may have collected tombstones: their deletes would be missed.
    fn check_age(&self, now: SystemTime) -> Result<(), WalkStop<P::Error>> {
        // A clock that was set back does not show the age either.
        let age = now
            .duration_since(self.confirmed_at)
            .unwrap_or(Duration::MAX);
        if age > MAX_SNAPSHOT_AGE {
            return Err(WalkStop::FetchAll(FullFetchReason::SnapshotTooOld));
        }
        Ok(())
    }
}
