//! Why a source cannot be read.

use std::fmt;
use std::path::Path;

use crate::model::Place;

/// The reason why a source cannot be read, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// The file, and the line where one is at fault.
    pub place: Place,
    /// The description, one lower-case phrase.
    pub what: String,
    /// A suggestion to the user.
    pub hint: Option<String>,
}

impl SourceError {
    /// An error of a whole file.
    pub fn of_file(file: &Path, what: impl Into<String>) -> Self {
        SourceError::at(
            Place {
                file: file.to_owned(),
                line: None,
            },
            what,
        )
    }

    /// An error at a place.
    pub fn at(place: Place, what: impl Into<String>) -> Self {
        SourceError {
            place,
            what: what.into(),
            hint: None,
        }
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl std::error::Error for SourceError {}
