//! The formats of an export.

use clap::ValueEnum;

use crate::output::Format;

/// A format of an export. The comments are the help of `-o`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// The same as json
    Text,
    /// The document of consul kv export (default)
    Json,
    /// An entry a line, with all fields
    Jsonl,
    /// The answer of Consul's API
    Consul,
    /// Nested names, as diff and apply read them
    Yaml,
    /// Java properties, as diff and apply read them
    Properties,
}

impl ExportFormat {
    /// The format of a list that is written entry by entry; `None` for a document that needs all names.
    pub fn streamed(self) -> Option<Format> {
        match self {
            ExportFormat::Text | ExportFormat::Json => Some(Format::Json),
            ExportFormat::Jsonl => Some(Format::Jsonl),
            ExportFormat::Consul => Some(Format::Consul),
            ExportFormat::Yaml | ExportFormat::Properties => None,
        }
    }
}
