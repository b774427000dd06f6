//! `-o FORMAT`.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::output::Format;

/// Accepts the formats that a verb has.
pub fn formats(of_verb: &'static [Format]) -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(of_verb.iter().map(|format| format.name())).map(|name| {
        Format::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .expect("the possible values are names of formats")
    })
}
