//! Operations as JSON, in kvw's form or in Consul's.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Draft, Op, Verb};
use crate::model::encoding::{decode_base64, without_byte_order_mark};
use crate::model::{Index, Invalid, abbreviate};

/// Parses an array of operations, each in kvw's form or in Consul's. Errors name the operation by
/// its number, from 1, or the line where the text is not JSON.
pub fn parse_json(text: &[u8]) -> Result<Vec<Op>, Invalid> {
    let operations: Vec<Map<String, Value>> = serde_json::from_slice(without_byte_order_mark(text))
        .map_err(|error| Invalid::new("", format!("not an array of operations: {error}")))?;
    let numbered = operations.into_iter().enumerate();
    numbered
        .map(|(number, operation)| {
            let mut place = format!("operation {}", number + 1);
            if let Some(key) = key_of(&operation) {
                place.push_str(&format!(", key {}", abbreviate(key)));
            }
            parse_op(operation).map_err(|error| Invalid::new(place, error.what))
        })
        .collect()
}

/// Returns the key of an operation in either form, for errors.
fn key_of(operation: &Map<String, Value>) -> Option<&str> {
    let members = operation.values().find_map(Value::as_object);
    let mut members = members.unwrap_or(operation).iter();
    let (_, key) = members.find(|(name, _)| name.eq_ignore_ascii_case("key"))?;
    key.as_str().filter(|key| !key.is_empty())
}

fn parse_op(operation: Map<String, Value>) -> Result<Op, Invalid> {
    if operation.contains_key("op") {
        return from_value::<KvwOp>(Value::Object(operation))?
            .into_draft()?
            .finish();
    }
    // Consul's Go client names all kinds of operation, null for those that are not used.
    let members = operation.into_iter().filter(|(_, body)| !body.is_null());
    let mut members: Vec<_> = members.collect();
    match (members.pop(), &members[..]) {
        // Consul accepts field names in any case.
        (Some((kind, body)), []) if kind.eq_ignore_ascii_case("kv") => {
            from_value::<ConsulOp>(lower_case(body))?
                .into_draft()?
                .finish()
        }
        (Some((kind, _)), []) => Err(invalid(format!("'{kind}' is not an operation on keys"))),
        (Some((last, _)), others) => {
            let others: String = others.iter().map(|(kind, _)| format!("{kind}, ")).collect();
            Err(invalid(format!("more than one operation: {others}{last}")))
        }
        (None, _) => Err(invalid("empty operation")),
    }
}

fn from_value<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, Invalid> {
    serde_json::from_value(value).map_err(|error| invalid(error.to_string()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KvwOp {
    op: String,
    key: Option<String>,
    value: Option<String>,
    encoding: Option<ValueEncoding>,
    flags: Option<u64>,
    index: Option<u64>,
    session: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ValueEncoding {
    Utf8,
    Base64,
}

impl KvwOp {
    fn into_draft(self) -> Result<Draft, Invalid> {
        let encoding = self.encoding.unwrap_or(ValueEncoding::Utf8);
        let value = self.value.map(|value| match encoding {
            ValueEncoding::Utf8 => Ok(value.into_bytes()),
            ValueEncoding::Base64 => decode(&value),
        });
        Ok(Draft {
            name: self.key,
            value: value.transpose()?,
            flags: self.flags,
            index: self.index.map(Index),
            session: self.session,
            ..Draft::new(Verb::from_name(&self.op)?)
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsulOp {
    verb: String,
    key: Option<String>,
    value: Option<String>,
    #[serde(default)]
    flags: u64,
    #[serde(default)]
    index: u64,
    #[serde(default)]
    session: String,
}

impl ConsulOp {
    /// Consul's clients send fields that a verb does not take, as zero or empty. A missing value is an
    /// empty one.
    fn into_draft(self) -> Result<Draft, Invalid> {
        let verb = Verb::from_consul(&self.verb)?;
        let value = decode(&self.value.unwrap_or_default())?;
        let (has_flags, has_index) = (self.flags != 0, verb.has_index() || self.index != 0);
        Ok(Draft {
            name: Some(self.key.unwrap_or_default()),
            value: (verb.has_value() || !value.is_empty()).then_some(value),
            flags: has_flags.then_some(self.flags),
            index: has_index.then_some(Index(self.index)),
            session: (verb.has_session() || !self.session.is_empty()).then_some(self.session),
            ..Draft::new(verb)
        })
    }
}

fn decode(value: &str) -> Result<Vec<u8>, Invalid> {
    decode_base64(value.as_bytes()).map_err(invalid)
}

fn lower_case(body: Value) -> Value {
    match body {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
        other => other,
    }
}

fn invalid(what: impl Into<String>) -> Invalid {
    Invalid::new("", what)
}

#[cfg(test)]
mod tests;
