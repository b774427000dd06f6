//! How a target is looked at. One face, two ways: the plain one fetches the whole target at each
//! change, the walk only what changed.

mod cost;
mod descent;
#[cfg(test)]
mod imitation;
mod listing;
mod plain;
#[cfg(test)]
mod properties;
mod question;
mod renewal;
mod source;
mod split;
#[cfg(test)]
mod traps;
mod unreadable;
mod walk;
mod wire;

use std::time::Duration;

pub use cost::{LANES, Limits};
pub use plain::Plain;
pub use source::{Held, Source};
pub use unreadable::is_unreadable;
pub use walk::Walk;
pub use wire::Wire;

use super::What;
use crate::consul::{Client, Error, Meta};
use crate::model::{Index, Snapshot};

/// What a look brought, beside the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The headers of the answer that `seen` now stands for.
    pub meta: Meta,
    /// Whether keys were left out because their names are not UTF-8. In Consul's JSON they read
    /// as U+FFFD, and several may share one such name, so nothing can be said about them.
    pub unreadable: bool,
    /// Whether everything was read at once though the look was to wait. Then a lower index is the
    /// state of things, and no reason to look again.
    pub at_once: bool,
}

/// A way to look at one target.
pub trait Look: Send {
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
    ) -> Result<Answer, Error>;
}

/// The way that suits a target: the walk for a prefix that can be asked about, which fetches it
/// whole as long as it is below these limits.
pub fn look_at(client: &Client, what: &What, limits: Limits) -> Box<dyn Look> {
    match what {
        What::Prefix(prefix) if split::askable(prefix.as_str()) => {
            let root = prefix.as_str();
            let limits = match client.config().token {
                Some(_) => limits.with_token(),
                None => limits,
            };
            Box::new(Walk::new(Wire::new(client, root), root, limits))
        }
        _ => Box::new(Plain::new(client.clone(), what.clone())),
    }
}

impl Look for Walk<Wire> {
    fn look(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Answer, Error> {
        self.advance(seen, since, wait)
    }
}
