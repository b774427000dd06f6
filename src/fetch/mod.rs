//! How a target is looked at. One face, two ways: the plain one fetches the whole target at each
//! change, the walk only what changed.

mod consul_source;
mod cost;
mod descent;
mod full;
mod listing;
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
pub use cost::{WALK_CONNECTIONS, WalkLimits};
pub use full::FullFetch;
pub use non_utf8::is_non_utf8;
pub use source::{Held, Source};
pub use walk::Walk;

use crate::consul::{Client, Error, Meta};
use crate::model::{Index, Snapshot, TargetScope};

/// What a look brought, beside the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// The headers of the answer that `seen` now stands for.
    pub meta: Meta,
    /// Whether keys were left out because their names are not UTF-8. In Consul's JSON they read
    /// as U+FFFD, and several may share one such name, so nothing can be said about them.
    pub non_utf8: bool,
    /// Whether everything was read at once though the look was to wait. Then a lower index is the
    /// state of things, and no reason to look again.
    pub at_once: bool,
}

/// A way to look at one target.
pub trait Fetch: Send {
    /// Brings `seen` to what Consul shows now. With `since` (at least 1) Consul is asked to answer
    /// only when the target's index is higher or `wait` is over; without, at once. Entries that
    /// did not change stay the same allocation, so that comparing and keeping both is cheap.
    ///
    /// # Errors
    /// When there is no usable answer; then `seen` is as it was.
    fn look(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Fetched, Error>;
}

/// The way that suits a target: the walk for a prefix that can be asked about, which fetches it
/// whole as long as it is below these limits.
pub fn fetcher_for(client: &Client, what: &TargetScope, limits: WalkLimits) -> Box<dyn Fetch> {
    match what {
        TargetScope::Prefix(prefix) if split::askable(prefix.as_str()) => {
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
    fn look(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Fetched, Error> {
        self.advance(seen, since, wait)
    }
}
