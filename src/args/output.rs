//! The values of `-o FORMAT`.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::exit::Failure;
use crate::output::Format;

/// A parser of the formats that a verb supports.
pub fn formats(supported: &'static [Format]) -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(supported.iter().map(|format| format.name())).map(|name| {
        Format::value_variants()
            .iter()
            .copied()
            .find(|format| format.name() == name)
            .expect("the possible values are names of formats")
    })
}

/// Checks that `--null` has a text to end.
///
/// # Errors
/// Exit 2 for any other format.
pub fn require_text(output: Format) -> Result<(), Failure> {
    match output {
        Format::Text => Ok(()),
        Format::Json | Format::Jsonl | Format::Raw | Format::Consul => {
            Err(Failure::usage(format!(
                "-0 ends names and values of -o text, not of -o {}",
                output.name()
            )))
        }
    }
}
