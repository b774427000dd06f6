//! The domain: keys, entries, snapshots, changes, operations. Rules only: nothing here knows that
//! a network, a terminal or a clock exists. Time comes in as an argument, text from any reader.

mod change;
mod entry;
mod key;
mod op;
mod snapshot;

pub use change::{Batch, Change, Continuity, Kind, Reason, TargetId, between};
pub use entry::{Entry, Fields, Index};
pub use key::{Invalid, Key, Obstacle, Prefix, obstacle};
pub use op::{Op, OpError, OpErrorKind, TxnOutcome};
pub use snapshot::Snapshot;
