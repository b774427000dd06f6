//! Keys that others have changed.

use crate::model::{Index, Key};

/// A key that is not as a plan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanConflict {
    /// The key.
    pub key: Key,
    /// The index that the plan found it at; `None`: it did not exist.
    pub expected: Option<Index>,
    /// The index that it has now; `None`: it does not exist.
    pub found: Option<Index>,
}
