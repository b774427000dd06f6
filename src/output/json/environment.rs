//! Variables as one object.

use serde::{Serialize, Serializer};

/// Variables: an object with a member for each, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Environment<'a>(pub &'a [(&'a str, &'a str)]);

impl Serialize for Environment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}
