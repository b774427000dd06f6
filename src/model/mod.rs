//! The domain: keys, entries, snapshots, changes, operations, conditions. Rules only: nothing here knows that
//! a network, a terminal or a clock exists. Time comes in as an argument, text from any reader.

mod change;
mod condition;
mod document;
mod entry;
mod key;
mod op;
mod pack;
mod regex;
mod snapshot;
mod tree;

pub use change::{Batch, Change, Continuity, Kind, Reason, TargetId, between};
pub use condition::{Condition, Goal, Wish};
pub use document::{Entries as ExportedEntries, Exported};
pub use entry::{Entry, Fields, Index};
pub use key::{Invalid, Key, Obstacle, Prefix, obstacle};
pub use op::{
    Draft, Op, OpError, OpErrorKind, TxnOutcome, Verb, decode_base64, parse, parse_lines, results,
};
pub use pack::{Limits, Packer};
pub use regex::Regex;
pub use snapshot::Snapshot;
pub use tree::Node;
