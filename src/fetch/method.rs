//! The method of a fetch, and the reasons for a full one.

use std::fmt;

/// The method of a fetch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FetchMethod {
    /// Everything was read, because there was little or nothing to build upon.
    #[default]
    Full,
    /// Only what changed was read.
    Walk,
    /// A walk was started and given up, then everything was read.
    WalkThenFull(FullFetchReason),
}

/// The reason why a walk was given up and everything was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullFetchReason {
    /// The index went back: a restore, a new cluster, tombstones collected.
    IndexWentBack,
    /// An answer contradicts the snapshot: history was rewritten.
    HistoryDiffers,
    /// The snapshot is so old that tombstones may have been collected meanwhile.
    SnapshotTooOld,
    /// So much changed that walking costs more.
    ManyChanges,
    /// Writes kept coming, round after round.
    ConstantWrites,
    /// A request of the walk failed: newer servers refuse some names, or the token may not read a
    /// part.
    QueryFailed,
    /// The interval of full fetches was over.
    Audit,
}

impl fmt::Display for FullFetchReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FullFetchReason::IndexWentBack => "the index went back",
            FullFetchReason::HistoryDiffers => "an answer contradicts the last snapshot",
            FullFetchReason::SnapshotTooOld => "the last answer is too old to build upon",
            FullFetchReason::ManyChanges => "so much changed that walking would cost more",
            FullFetchReason::ConstantWrites => "writes kept coming",
            FullFetchReason::QueryFailed => "a query of the walk failed",
            FullFetchReason::Audit => "everything is read once in a while",
        })
    }
}
