//! What a look took, and why it had to read everything.

use std::fmt;
use std::time::Duration;

/// Requests and bytes of one look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests sent.
    pub requests: u32,
    /// Bytes of the answers' bodies.
    pub bytes: u64,
    /// How often the whole was looked over: 1 where no write came in between.
    pub rounds: u32,
}

impl Cost {
    /// What it weighs for the server and the connection, in bytes: a request costs as much as
    /// sending some 16 KB (0.2 ms on a local agent, and more on a far one).
    pub(super) fn weight(&self) -> u64 {
        self.bytes + u64::from(self.requests) * (16 << 10)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost {
            requests,
            bytes,
            rounds,
        } = self;
        write!(f, "{requests} requests, {bytes} bytes")?;
        if *rounds > 1 {
            write!(f, ", {rounds} rounds")?;
        }
        Ok(())
    }
}

/// How a look went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FetchMethod {
    /// All was read, because there was little or nothing to build upon.
    #[default]
    Full,
    /// What changed was walked to.
    Walk,
    /// A walk was begun, and then all was read.
    WalkThenFull(FullFetchReason),
}

/// How many connections a walk may use: some 30 short queries one after another would take long
/// over a slow link.
pub const WALK_CONNECTIONS: usize = 4;

/// Sizes from which a walk acts differently. Tests make them small, so that every rule is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkLimits {
    /// From so many known keys on a prefix is walked.
    pub walk_keys: usize,
    /// The same for their bytes.
    pub walk_bytes: usize,
    /// Up to so many known keys, what may have changed is fetched and compared, not asked about
    /// further.
    pub fetch_keys: usize,
    /// The same for their bytes.
    pub fetch_bytes: usize,
    /// So many connections ask side by side.
    pub connections: usize,
    /// Writes that keep coming are followed for so many rounds.
    pub rounds: u32,
    /// A walk that weighs more than this is given up: what it does not know by then is cheaper
    /// to fetch as a whole. `None`: half of what the whole weighs.
    pub weight: Option<u64>,
    /// How often everything is read in any case.
    pub audit: Duration,
}

impl WalkLimits {
    /// The same for a client with a token.
    pub(super) fn with_token(self) -> Self {
        WalkLimits {
            audit: AUDIT_OF_RIGHTS,
            ..self
        }
    }

    /// Walks from so many keys on, and as thoroughly as so few allow.
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
            audit: AUDIT_EVERY,
        }
    }
}

/// For how long a snapshot may be built upon. Consul forgets deletion marks after 15 minutes, and
/// what they would have told is lost then. A blocking query may take 10 minutes and a sixteenth.
pub(super) const MARKS_LAST: Duration = Duration::from_secs(12 * 60);

/// How often everything is read in any case. The index tells all changes of one history; what
/// history does not tell (a backup restored and written over in the same moment, a new leader that
/// answered before it had caught up) is found by this.
const AUDIT_EVERY: Duration = Duration::from_secs(60 * 60);

/// The same with a token: rights come and go without any index.
const AUDIT_OF_RIGHTS: Duration = Duration::from_secs(15 * 60);

/// Why everything was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullFetchReason {
    /// The index went back: a restore, a new cluster, deletion marks collected.
    IndexBack,
    /// What is known does not fit what the server says: history was rewritten.
    Doubt,
    /// Deletion marks may have been collected meanwhile.
    TooLong,
    /// So much changed that walking costs more.
    MuchChanged,
    /// Writes kept coming, round after round.
    Restless,
    /// A request of the walk failed: a rule of newer servers for names, a right that ends below.
    Refused,
    /// It was time to.
    Audit,
}

impl fmt::Display for FullFetchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FullFetchReason::IndexBack => "the index went back",
            FullFetchReason::Doubt => "the server tells another history",
            FullFetchReason::TooLong => "the last answer is too old to build upon",
            FullFetchReason::MuchChanged => "so much changed that walking would cost more",
            FullFetchReason::Restless => "writes kept coming",
            FullFetchReason::Refused => "a part of the walk got no answer",
            FullFetchReason::Audit => "it is read whole once in a while",
        })
    }
}
