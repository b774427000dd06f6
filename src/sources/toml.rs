//! TOML trees. Scalars are cut from the text: no number or date is formatted again.

use std::ops::Range;

use ::toml::de::{DeTable, DeValue};

use super::SourceError;
use super::text::line_of;
use super::tree::{DocumentNames, Member, Node, NodeKind, flatten};
use crate::model::Desired;

/// Reads a TOML document.
pub fn parse(text: &str, names: &DocumentNames) -> Result<Vec<Desired>, SourceError> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(text.len(), |span| span.start);
        let words = error.message().lines().next().unwrap_or_default();
        names.error(line_of(text.as_bytes(), at), format!("not TOML: {words}"))
    })?;
    let lines = Lines::new(text);
    let root = Node {
        line: 1,
        kind: NodeKind::Map(members(text, table.get_ref(), &lines)),
    };
    flatten(&[root], text.len(), names)
}

/// Where each line begins.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Lines(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    fn at(&self, at: usize) -> u32 {
        u32::try_from(self.0.partition_point(|end| *end < at) + 1).unwrap_or(u32::MAX)
    }
}

fn members(text: &str, table: &DeTable<'_>, lines: &Lines) -> Vec<Member> {
    let members = table.iter().map(|(name, value)| Member {
        name: Some(name.get_ref().clone().into_owned()),
        line: lines.at(name.span().start),
        node: node(text, value.get_ref(), value.span(), lines),
    });
    let mut members: Vec<_> = members.collect();
    // As they stand, not by name.
    members.sort_by_key(|member| member.line);
    members
}

// The depth is bounded by the parser (80).
fn node(text: &str, value: &DeValue<'_>, span: Range<usize>, lines: &Lines) -> Node {
    let line = lines.at(span.start);
    let kind = match value {
        DeValue::String(string) => NodeKind::Text(string.clone().into_owned()),
        DeValue::Integer(_) | DeValue::Float(_) => NodeKind::Plain(text[span].replace('_', "")),
        DeValue::Boolean(_) | DeValue::Datetime(_) => NodeKind::Plain(text[span].to_owned()),
        DeValue::Array(values) => {
            let values = values.iter();
            NodeKind::List(
                values
                    .map(|value| node(text, value.get_ref(), value.span(), lines))
                    .collect(),
            )
        }
        DeValue::Table(table) => NodeKind::Map(members(text, table, lines)),
    };
    Node { line, kind }
}

#[cfg(test)]
mod tests;
