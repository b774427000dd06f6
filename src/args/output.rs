//! The values of `-o FORMAT`.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

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
