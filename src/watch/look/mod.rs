//! How a target is looked at. One face, two ways: the plain one fetches the whole target at each
//! change, the walk only what changed.

mod plain;

use std::time::Duration;

pub use plain::Plain;

use crate::consul::{Error, Meta};
use crate::model::{Index, Snapshot};

/// What a look brought, beside the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The headers of the answer that `seen` now stands for.
    pub meta: Meta,
    /// Whether keys were left out because their names are not UTF-8. In Consul's JSON they read
    /// as U+FFFD, and several may share one such name, so nothing can be said about them.
    pub unreadable: bool,
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

/// Whether a name may stand for several keys, or for one that cannot be addressed.
pub fn is_unreadable(key: &str) -> bool {
    key.contains('\u{fffd}')
}
