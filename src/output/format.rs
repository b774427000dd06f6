//! The formats of output.

use std::fmt;

/// A format that `-o` names; each verb accepts some of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// For people and line-based tools.
    #[default]
    Text,
    /// The published JSON.
    Json,
    /// The published JSON, one value a line.
    Jsonl,
    /// The exact bytes of a value.
    Raw,
    /// Consul's own JSON.
    Consul,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 5] = [
        Format::Text,
        Format::Json,
        Format::Jsonl,
        Format::Raw,
        Format::Consul,
    ];

    /// Returns the name on the command line.
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
