//! The domain: keys, entries, snapshots, changes, operations, conditions. Rules only: nothing here knows that
//! a network, a terminal or a clock exists. Time comes in as an argument, text from any reader.

mod change;
mod condition;
mod document;
mod entry;
mod glob;
mod key;
mod op;
mod pack;
mod snapshot;
mod target;
mod tree;

pub use change::{Batch, Change, Continuity, Kind, Reason, between};
pub use condition::{Condition, ConditionSet, Predicate};
pub use document::{DocumentReader, Exported};
pub use entry::{Entry, Fields, Index};
pub use glob::Glob;
pub use key::{Invalid, Key, Obstacle, Prefix, obstacle};
pub use op::{
    Op, OpError, OpErrorKind, OpResult, TxnOutcome, decode_base64, parse, parse_json, parse_lines,
    results,
};
pub use pack::{Packer, TxnLimits, encoded_read, groups};
pub use snapshot::Snapshot;
pub use target::{Target, TargetId, What, owner};
pub use tree::Node;
