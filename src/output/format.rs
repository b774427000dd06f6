//! The formats of output.

use std::fmt;

use clap::ValueEnum;

/// A format that `-o` names; each verb accepts some of them.
///
/// Whoever decides by the format matches all of it, with neither `_` nor `==`: so a new format is a
/// compile error in each place that must decide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
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
