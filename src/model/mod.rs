//! The domain: keys, entries, snapshots, changes, plans, operations, conditions. Pure rules, which must not know a
//! network, a terminal or a clock: time is an argument, and text comes from any reader.

mod change;
mod condition;
mod desired;
mod document;
mod encoding;
mod entry;
mod filter;
mod glob;
mod key;
mod max_delete;
mod merge;
mod op;
mod pack;
mod plan;
mod regex;
mod session;
mod snapshot;
mod target;
mod tree;

pub use change::{Batch, Change, ChangeKind, Continuity, Reason, between};
pub use condition::{Condition, ConditionSet, Predicate};
pub use desired::{Desired, Place};
pub use document::{DocumentReader, Exported};
pub use encoding::{decode_base64, describe_foreign, without_byte_order_mark};
pub use entry::{Entry, Fields, Index};
pub use filter::Filter;
pub use glob::{Glob, folder_of_glob};
pub use key::{Invalid, Key, Obstacle, Prefix, abbreviate, name_first, obstacle};
pub use max_delete::MaxDelete;
pub use merge::{MergedText, has_conflict_marks, merge_lines};
pub use op::{
    Op, OpError, OpErrorKind, OpResult, TxnOutcome, parse, parse_json, parse_lines, results,
};
pub use pack::{Packer, TxnLimits, encoded_read, groups};
pub use plan::{ChangePlan, EntryContent, PlanRules, PlannedChange, PlannedOp, compare};
pub use regex::Regex;
pub use session::{LOCK_FLAGS, SEMAPHORE_FLAGS, Session, SessionEnd, SessionSettings};
pub use snapshot::Snapshot;
pub use target::{Target, TargetId, TargetScope, owner};
pub use tree::TreeNode;
