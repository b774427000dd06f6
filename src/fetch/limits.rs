//! Sizes and times from which a walk acts differently.

use std::time::Duration;

use crate::model::Entry;

/// The number of connections that a walk may use: some 30 short queries one after another would
/// take long over a slow link.
pub const WALK_CONNECTIONS: usize = 4;

/// How long a snapshot may be built upon. Consul collects tombstones after 15 minutes, and the
/// deletes that they mark would be missed then. A blocking query may take 10 minutes and a sixteenth.
pub(super) const MAX_SNAPSHOT_AGE: Duration = Duration::from_secs(12 * 60);

/// The interval of full fetches without a token. The index shows all changes of one history; what it
/// does not show (a backup restored and written over in the same moment, a new leader that answered
/// before it had caught up) is found by a full fetch.
const AUDIT_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// The interval of full fetches with a token: permissions come and go without any index.
const AUDIT_INTERVAL_WITH_TOKEN: Duration = Duration::from_secs(15 * 60);

/// Sizes from which a walk acts differently. Tests make them small, so that every rule is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkLimits {
    /// A prefix is walked from this number of known keys on.
    pub walk_keys: usize,
    /// A prefix is walked from this number of known bytes on.
    pub walk_bytes: usize,
    /// A changed part with up to this number of known keys is fetched and compared, not walked.
    pub fetch_keys: usize,
    /// The same limit for their bytes.
    pub fetch_bytes: usize,
    /// The number of connections that ask side by side.
    pub connections: usize,
    /// The number of rounds for which a walk follows writes that keep coming.
    pub rounds: u32,
    /// The [`Cost::weight`](super::cost::Cost::weight) at which a walk is given up: the rest is
    /// cheaper to fetch as a whole. `None`: half of what a full fetch received.
    pub weight: Option<u64>,
    /// The interval at which everything is read in any case.
    pub audit_interval: Duration,
}

impl WalkLimits {
    /// Whether a prefix with these known entries is walked.
    pub(super) fn is_large(&self, known: &[Entry]) -> bool {
        known.len() >= self.walk_keys || bytes_of(known) >= self.walk_bytes
    }

    /// Whether a part with these known entries is fetched, not walked.
    pub(super) fn is_small(&self, known: &[Entry]) -> bool {
        known.len() <= self.fetch_keys && bytes_of(known) <= self.fetch_bytes
    }

    /// Returns the same limits for a client with a token.
    pub(super) fn with_token(self) -> Self {
        WalkLimits {
            audit_interval: AUDIT_INTERVAL_WITH_TOKEN,
            ..self
        }
    }

    /// Limits that walk from this number of keys on, for tests.
    pub fn from_keys(keys: usize) -> Self {
        let usual = WalkLimits::default();
        WalkLimits {
            walk_keys: keys,
            walk_bytes: usize::MAX,
            fetch_keys: usual.fetch_keys.min(keys / 4),
            weight: Some(u64::MAX),
            ..usual
        }
    }
}

impl Default for WalkLimits {
    fn default() -> Self {
        WalkLimits {
            walk_keys: 2000,
            walk_bytes: 512 << 10,
            fetch_keys: 128,
            fetch_bytes: 48 << 10,
            connections: WALK_CONNECTIONS,
            rounds: 6,
            weight: None,
            audit_interval: AUDIT_INTERVAL,
        }
    }
}

fn bytes_of(entries: &[Entry]) -> usize {
    let size = |entry: &Entry| entry.key().len() + entry.value().len();
    entries.iter().map(size).sum()
}
