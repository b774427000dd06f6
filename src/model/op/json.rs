//! Operations as JSON, in kvw's form or in Consul's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Draft, Op, Verb};
use crate::model::{Index, Invalid};

/// Parses an array of operations, each in kvw's form or in Consul's. Errors name the operation by
/// its number, from 1, or the line where the text is not JSON.
pub fn parse_json(text: &[u8]) -> Result<Vec<Op>, Invalid> {
    let operations: Vec<Map<String, Value>> = serde_json::from_slice(text)
        .map_err(|error| Invalid::new("", format!("not an array of operations: {error}")))?;
    let numbered = operations.into_iter().enumerate();
    numbered
        .map(|(number, operation)| {
            parse_op(operation)
                .map_err(|error| Invalid::new(format!("operation {}", number + 1), error.what))
        })
        .collect()
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
    let decoded = STANDARD.decode(value);
    decoded.map_err(|_| invalid("the value is not base64"))
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
mod tests {
    use super::*;
    use crate::model::Key;

    fn ops(text: &str) -> Result<Vec<Op>, String> {
        parse_json(text.as_bytes()).map_err(|error| error.to_string())
    }

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    #[test]
    fn both_forms_are_accepted() {
        let kvw = r#"[{"op":"set","key":"a","value":"/wA=","encoding":"base64","flags":18446744073709551615},
            {"op":"create","key":"b","value":"text"},{"op":"check","key":"c","index":7},
            {"op":"check-session","key":"d","session":""}]"#;
        let consul = r#"[{"KV":{"Verb":"set","Key":"a","Value":"/wA=","Flags":18446744073709551615,"Index":0,"Session":""}},
            {"kv":{"verb":"cas","key":"b","value":"dGV4dA=="}},{"KV":{"Verb":"check-index","Key":"c","Index":7}},
            {"KV":{"Verb":"check-session","Key":"d"}}]"#;
        let expected = vec![
            Op::Set {
                key: key("a"),
                value: vec![0xff, 0],
                flags: u64::MAX,
            },
            Op::Cas {
                key: key("b"),
                value: b"text".to_vec(),
                flags: 0,
                index: Index(0),
            },
            Op::CheckIndex {
                key: key("c"),
                index: Index(7),
            },
            Op::CheckSession {
                key: key("d"),
                session: String::new(),
            },
        ];
        assert_eq!(ops(kvw), Ok(expected.clone()));
        assert_eq!(ops(consul), Ok(expected));
    }

    #[test]
    fn an_operation_of_consuls_go_client_is_accepted() {
        let written = r#"[{"KV":{"Verb":"get","Key":"a","Value":null,"Flags":0,"Index":0,"Session":""},"Node":null,"Service":null,"Check":null}]"#;
        assert_eq!(ops(written), Ok(vec![Op::Get { key: key("a") }]));
    }

    #[test]
    fn every_error_names_its_operation() {
        for (text, error) in [
            (
                r#"[{"op":"get","key":"a"},{"op":"set","key":"b"}]"#,
                "operation 2: set needs a value",
            ),
            (
                r#"[{"op":"set","key":"a","value":"!","encoding":"base64"}]"#,
                "operation 1: the value is not base64",
            ),
            (
                r#"[{"op":"get","key":"a","index":1}]"#,
                "operation 1: get has no index",
            ),
            (
                r#"[{"op":"get","key":""}]"#,
                "operation 1: a key cannot be empty",
            ),
            (
                r#"[{"Node":{"Verb":"get"}}]"#,
                "operation 1: 'Node' is not an operation on keys",
            ),
            (
                r#"[{"KV":{"Verb":"get","Key":""}}]"#,
                "operation 1: a key cannot be empty",
            ),
            (
                r#"[{"KV":{"Verb":"get","Key":"a"},"Node":{"Verb":"get"}}]"#,
                "operation 1: more than one operation: KV, Node",
            ),
            (r#"[{}]"#, "operation 1: empty operation"),
            (r#"[{"KV":null}]"#, "operation 1: empty operation"),
        ] {
            assert_eq!(ops(text), Err(error.to_owned()), "{text}");
        }
        for (text, error) in [
            (
                r#"[{"op":"get","key":"a","typo":1}]"#,
                "operation 1: unknown field `typo`",
            ),
            (
                r#"[{"op":"set","key":"a","value":"v","flags":-1}]"#,
                "operation 1: invalid value: integer `-1`",
            ),
            (r#"{"op":"get"}"#, "not an array of operations: "),
            (
                "[{\n",
                "not an array of operations: EOF while parsing an object at line 2",
            ),
        ] {
            let got = ops(text).unwrap_err();
            assert!(got.starts_with(error), "{text}: {got}");
        }
    }
}
