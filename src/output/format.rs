//! The formats of an answer.

use std::fmt;

/// What `-o` may name; each verb takes some of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people and line-based tools.
    #[default]
    Text,
    /// The published JSON.
    Json,
    /// The same, one value a line.
    Jsonl,
    /// Exact bytes.
    Raw,
    /// Consul's own JSON.
    Consul,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 5] = [
        Format::Text,
        Format::Json,
        Format::Jsonl,
        Format::Raw,
        Format::Consul,
    ];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Raw => "raw",
            Format::Consul => "consul",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
