//! The way for large prefixes: finds what changed without fetching the rest.
//!
//! The index that Consul answers for any text is the highest modify index or deletion mark below
//! it. So the texts that keys begin with form a tree of "last changed at" marks, and who knows the
//! keys can walk down to what changed. A round goes from the index of the last snapshot to the
//! root's index when it began; where nothing newer shows on the way, the snapshot is the exact
//! state at that index, as atomic as one answer. Otherwise the next round goes on from there.

use std::time::{Duration, SystemTime};

use super::cost::{Cost, FetchMethod, FullFetchReason, MARKS_LAST, WalkLimits};
use super::descent::{Descent, WalkStop};
use super::listing::Listing;
use super::non_utf8::NonUtf8Keys;
use super::reuse::EntryReuse;
use super::split::level;
use super::{Fetched, Held, Source};
use crate::consul::Meta;
use crate::model::{Entry, Index, Snapshot};

/// Looks at a prefix: small ones are fetched whole, large ones walked.
pub struct Walk<P> {
    source: P,
    root: String,
    limits: WalkLimits,
    /// The index of the snapshot that this walk brought last: the only one it builds upon.
    base: Option<Index>,
    /// When the server last showed that snapshot.
    shown: SystemTime,
    /// When everything was last read, and how many bytes that were.
    whole_at: SystemTime,
    whole_bytes: u64,
    /// How many rounds the next walk may take: fewer after each that was given up for the writes
    /// that kept coming, so that constant writes cost little more than reading everything.
    rounds: u32,
    left_out: NonUtf8Keys,
    method: FetchMethod,
    cost: Cost,
}

impl<P> Walk<P>
where
    P: Source + Sync,
    P::Error: Send,
{
    /// Looks at all keys that begin with `root`, which must be a text that can be asked about.
    pub fn new(source: P, root: impl Into<String>, limits: WalkLimits) -> Self {
        Walk {
            source,
            root: root.into(),
            rounds: limits.rounds,
            limits,
            base: None,
            shown: SystemTime::UNIX_EPOCH,
            whole_at: SystemTime::UNIX_EPOCH,
            whole_bytes: 0,
            left_out: NonUtf8Keys::default(),
            method: FetchMethod::Full,
            cost: Cost::default(),
        }
    }

    /// How the last look went, and what it took.
    #[cfg(test)]
    pub(super) fn account(&self) -> (FetchMethod, Cost) {
        (self.method, self.cost)
    }

    /// Brings `seen` to what the server shows now, see [`Fetch::look`](super::Fetch::look).
    ///
    /// # Errors
    /// When there is no usable answer; then `seen` is as it was.
    pub fn advance(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Fetched, P::Error> {
        let received = self.source.received();
        (self.method, self.cost) = (FetchMethod::Full, Cost::default());
        let meta = match since {
            Some(since) if self.is_large(seen) && self.builds_upon(seen, since) => {
                self.walk_or_read(seen, since, wait)?
            }
            _ => self.read(seen, since.map(|since| (since, wait)))?,
        };
        self.cost.bytes = self.source.received() - received;
        self.tell(seen.index());
        Ok(Fetched {
            meta,
            non_utf8: self.left_out.any,
            at_once: matches!(self.method, FetchMethod::WalkThenFull(_)),
        })
    }

    fn tell(&self, index: Index) {
        let (root, cost) = (&self.root, &self.cost);
        match self.method {
            FetchMethod::Full => log::info!("read all of {root:?} at index {index}: {cost}"),
            FetchMethod::Walk => log::info!("walked {root:?} to index {index}: {cost}"),
            FetchMethod::WalkThenFull(why) => {
                log::info!("read all of {root:?} at index {index}, because {why}: {cost}");
            }
        }
    }

    fn is_large(&self, seen: &Snapshot) -> bool {
        let size = |entry: &Entry| entry.key().len() + entry.value().len();
        seen.len() >= self.limits.walk_keys
            || seen.entries().iter().map(size).sum::<usize>() >= self.limits.walk_bytes
    }

    fn builds_upon(&self, seen: &Snapshot, since: Index) -> bool {
        self.base == Some(since) && seen.index() == since
    }

    fn walk_or_read(
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
            Err(WalkStop::Whole(reason)) => {
                self.method = FetchMethod::WalkThenFull(reason);
                self.read(seen, None)
            }
        }
    }

    /// The plain way: one answer with everything.
    fn read(&mut self, seen: &mut Snapshot, held: Option<Held>) -> Result<Meta, P::Error> {
        let received = self.source.received();
        self.cost.requests += 1;
        let (meta, entries) = self.source.entries(&self.root, held)?;
        let now = self.source.now();
        let mut reuse = EntryReuse::of(seen.entries());
        for entry in entries {
            reuse.push(entry?);
        }
        let (entries, left_out) = reuse.finish();
        self.left_out = left_out;
        let index = meta.index.unwrap_or_default();
        *seen = match entries {
            Some(entries) => Snapshot::new(index, entries),
            None => seen.clone().at(index),
        };
        self.base = Some(index);
        (self.shown, self.whole_at) = (now, now);
        self.whole_bytes = self.source.received() - received;
        Ok(meta)
    }

    /// Round after round, from `since` to an index at which `seen` is exact.
    fn walk(
        &mut self,
        seen: &mut Snapshot,
        since: Index,
        wait: Duration,
    ) -> Result<Meta, WalkStop<P::Error>> {
        let (mut meta, mut listing) = self.wait(seen, since, wait)?;
        let mut since = since;
        loop {
            let at = meta.index.unwrap_or_default();
            let shown = self.source.now();
            self.refuse_old_marks(shown)?;
            if !listing.named {
                // Nothing is left, at whatever index: this answer says all.
                seen.splice(&self.root, Vec::new());
            } else if at < since {
                return Err(WalkStop::Whole(FullFetchReason::IndexBack));
            } else if at == since && (listing.differs(&self.left_out) || listing.unsorted) {
                return Err(WalkStop::Whole(FullFetchReason::Doubt));
            }
            if !listing.named || at == since {
                self.shown = shown;
                return Ok(meta);
            }
            self.cost.rounds += 1;
            if self.cost.rounds > self.rounds {
                self.rounds = 1.max(self.rounds / 2);
                return Err(WalkStop::Whole(FullFetchReason::Restless));
            }
            if !self.round(seen, (since, at), &listing)? {
                self.refuse_old_marks(self.source.now())?;
                self.shown = shown;
                return Ok(meta);
            }
            since = at;
            (meta, listing) = self.list(seen, None)?;
        }
    }

    /// One round; says whether something newer showed.
    fn round(
        &mut self,
        seen: &mut Snapshot,
        (since, at): (Index, Index),
        listing: &Listing,
    ) -> Result<bool, WalkStop<P::Error>> {
        let budget = self.limits.weight.unwrap_or(self.whole_bytes / 2);
        let descent = Descent::new(
            (&self.source, &mut self.cost),
            (seen, &mut self.left_out),
            (since, at),
            (&self.limits, budget),
        );
        descent.run(&self.root, listing).map_err(|stop| match stop {
            // What fails for a part may well work for the whole.
            WalkStop::Failed(error) => {
                log::info!("{error}");
                WalkStop::Whole(FullFetchReason::Refused)
            }
            whole @ WalkStop::Whole(_) => whole,
        })
    }

    /// Lists the root once its index is higher than `since`.
    fn wait(
        &mut self,
        seen: &Snapshot,
        since: Index,
        wait: Duration,
    ) -> Result<(Meta, Listing), WalkStop<P::Error>> {
        let asked = self.source.now();
        let (meta, listing) = self.list(seen, Some((since, wait)))?;
        let now = self.source.now();
        if now.duration_since(self.whole_at).unwrap_or(Duration::MAX) >= self.limits.audit {
            return Err(WalkStop::Whole(FullFetchReason::Audit));
        }
        let at = meta.index.unwrap_or_default();
        // A restore releases held queries with what they saw before it. An agent may also be set
        // to hold queries for less time than it was asked to.
        let held = now.duration_since(asked).unwrap_or_default();
        let early = at == since && held + wait / 16 < wait;
        if !listing.named || (at >= since && !early) {
            return Ok((meta, listing));
        }
        // A lower index may also be a server's that lags behind the one that answered before.
        let (meta, listing) = self.list(seen, None)?;
        if listing.named && meta.index > Some(since) {
            // A restore and a write after it: nothing known from before can be built upon.
            return Err(WalkStop::Whole(FullFetchReason::Doubt));
        }
        Ok((meta, listing))
    }

    fn list(
        &mut self,
        seen: &Snapshot,
        held: Option<Held>,
    ) -> Result<(Meta, Listing), WalkStop<P::Error>> {
        self.cost.requests += 1;
        let (meta, names) = self.source.names(&self.root, held)?;
        let known = level(seen.entries(), self.root.len());
        Ok((meta, Listing::of(names, known)?))
    }

    /// Deletion marks that Consul has forgotten would be missed.
    fn refuse_old_marks(&self, now: SystemTime) -> Result<(), WalkStop<P::Error>> {
        // A clock that was set back says nothing either.
        let age = now.duration_since(self.shown).unwrap_or(Duration::MAX);
        if age > MARKS_LAST {
            return Err(WalkStop::Whole(FullFetchReason::TooLong));
        }
        Ok(())
    }
}
