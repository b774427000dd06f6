//! What may be chosen about the meaning of a source.

use crate::model::Glob;

/// The meaning of `null` in a tree. Other tools skip it, empty the key or write `<nil>`, so that none of
/// these can be the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullPolicy {
    /// An empty value.
    Empty,
    /// As if the name were not there.
    Skip,
    /// The key should not exist.
    Delete,
}

/// The meaning of a list in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListPolicy {
    /// A key for each element: `NAME/0`, `NAME/1`.
    Index,
    /// The compact JSON text as the value.
    Json,
    /// The elements, which are scalars, joined by this text.
    Join(String),
}

/// The meaning of dots in the names of a `.properties` file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dots {
    /// They are part of the name.
    #[default]
    Keep,
    /// They separate folders.
    Slash,
}

/// What may be chosen about the meaning of a source.
#[derive(Debug, Clone, Default)]
pub struct SourceOptions {
    /// What is put in front of each key.
    pub prefix: String,
    /// What is taken off each whole key before.
    pub strip: String,
    /// Whether the last newline of a file is part of the value.
    pub exact: bool,
    /// Whether the extension of a file is no part of the key.
    pub strip_extension: bool,
    /// The structured files of a directory that become subtrees, by their paths below it.
    pub expand: Vec<Glob>,
    /// Whether files whose names start with a dot are keys.
    pub hidden: bool,
    /// Whether an empty map or directory is a folder key.
    pub folders: bool,
    /// The meaning of `null`, if it has one.
    pub null: Option<NullPolicy>,
    /// The meaning of a list, if it has one.
    pub list: Option<ListPolicy>,
    /// The meaning of dots in property names.
    pub dots: Dots,
    /// What separates folders in the names of variables.
    pub split: Option<String>,
}
