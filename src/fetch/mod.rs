//! What a target looks like now: fetched whole, or walked to what changed.
//!
//! One trait, [`Fetch`], with two implementations. [`FullFetch`] reads the whole target at each
//! change. [`Walk`] finds what changed below a large prefix by its indexes and reads only that.
//!
//! This room must not know handlers and observers, nor what was handled: it brings a snapshot up to
//! date, and what follows from a difference is decided elsewhere.
//!
//! - `full`: the whole target by one query.
//! - `walk`: when to walk and when to read everything; the rounds of a walk. `descent`: one round,
//!   from the root's listing down to what changed. `query`: the queries of a round, several at a
//!   time. `listing`: a listing of names against the known ones. `split`: where a snapshot is cut
//!   into parts, and which of them Consul can be asked about.
//! - `limits`, `method`, `cost`: the sizes that decide, what was decided, and what it took.
//! - `source`: what a walk needs of a server. `consul_source`: the same from Consul.
//! - `reuse`, `non_utf8`: entries that stay the same allocation, and keys that are left out.

mod consul_source;
mod cost;
mod descent;
mod full;
mod limits;
mod listing;
mod method;
mod non_utf8;
mod query;
mod reuse;
mod source;
mod split;
mod walk;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use consul_source::ConsulSource;
pub use full::FullFetch;
pub use limits::{WALK_CONNECTIONS, WalkLimits};
pub use non_utf8::is_non_utf8;
pub use source::WalkSource;
pub use walk::Walk;

use crate::consul::{Client, Error, Meta};
use crate::model::{Index, Snapshot, TargetScope};

/// The result of a fetch, beside the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// The headers of the answer that the snapshot now stands for.
    pub meta: Meta,
    /// Whether keys were left out because their names are not UTF-8. Consul's JSON shows U+FFFD for
    /// each such byte, so several keys may share one name and cannot be distinguished.
    pub non_utf8: bool,
}

/// A way to fetch one target.
pub trait Fetch: Send {
    /// Brings `seen` to what Consul shows now. With `since` (at least 1) Consul is asked to answer
    /// only when the target's index is higher or `wait` is over; without, at once. Entries that
    /// did not change stay the same allocation, so that comparing and keeping both is cheap.
    ///
    /// # Errors
    /// When there is no usable answer; `seen` is unchanged then.
    fn fetch(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Fetched, Error>;
}

/// Returns the way that suits a target: [`Walk`] for a prefix that Consul can be asked about, which
/// fetches it whole as long as it is below these limits, and [`FullFetch`] for all others.
pub fn fetcher_for(client: &Client, what: &TargetScope, limits: WalkLimits) -> Box<dyn Fetch> {
    match what {
        TargetScope::Prefix(prefix) if split::is_addressable(prefix.as_str()) => {
            let root = prefix.as_str();
            let limits = match client.config().token {
                Some(_) => limits.with_token(),
                None => limits,
            };
            Box::new(Walk::new(ConsulSource::new(client, root), root, limits))
        }
        _ => Box::new(FullFetch::new(client.clone(), what.clone())),
    }
}

impl Fetch for Walk<ConsulSource> {
    fn fetch(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Fetched, Error> {
        self.advance(seen, since, wait)
    }
}
