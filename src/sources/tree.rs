//! Trees: what nested names, nulls and lists mean, whatever document they were in.

mod flatten;
mod node;

use std::path::Path;

use super::{SourceError, SourceOptions};
use crate::model::{Desired, Key, Place, abbreviate};

pub use flatten::flatten;
pub use node::{MAX_DEPTH, Member, Node, NodeKind, TOO_DEEP};

/// The names of a document: where they stand, and what they are below.
#[derive(Clone, Copy)]
pub struct DocumentNames<'a> {
    /// The document.
    pub file: &'a Path,
    /// What is put in front of each name.
    pub base: &'a str,
    /// What its parts mean.
    pub options: &'a SourceOptions,
}

impl DocumentNames<'_> {
    /// A place in the document.
    pub fn place(&self, line: u32) -> Place {
        Place {
            file: self.file.to_owned(),
            line: Some(line),
        }
    }

    /// An error in the document.
    pub fn error(&self, line: u32, what: impl Into<String>) -> SourceError {
        SourceError::at(self.place(line), what)
    }

    /// The entry of a name, which a document without flags has.
    pub fn entry(
        &self,
        path: &str,
        value: Option<Vec<u8>>,
        line: u32,
    ) -> Result<Desired, SourceError> {
        let key = Key::new(format!("{}{path}", self.base));
        Ok(Desired {
            key: key.map_err(|invalid| self.error(line, invalid.what))?,
            value,
            flags: None,
            place: self.place(line),
        })
    }

    /// Checks a name: it may hold `/`, but what is between names is that of the document.
    pub fn check(&self, name: &str, line: u32) -> Result<(), SourceError> {
        let what = if name.is_empty() {
            "a name is empty".to_owned()
        } else if name.starts_with('/') || name.ends_with('/') {
            let edge = if name.starts_with('/') {
                "starts"
            } else {
                "ends"
            };
            format!("the name '{}' {edge} with /", abbreviate(name))
        } else {
            return Ok(());
        };
        Err(self.error(line, what))
    }
}

#[cfg(test)]
mod tests;
