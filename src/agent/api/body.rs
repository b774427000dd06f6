//! JSON bodies, taken and refused as Go's decoder does: member names in any case, the first value
//! only, whatever follows it ignored.

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

/// The first JSON value of a body, or Go's words for why there is none.
pub fn parse(body: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    Value::deserialize(&mut reader).map_err(|error| match error.classify() {
        _ if body.trim_ascii().is_empty() => "EOF".to_owned(),
        Category::Eof => "unexpected EOF".to_owned(),
        _ => match offender(body, &error) {
            Some(found) => format!("invalid character '{found}' looking for beginning of value"),
            None => error.to_string(),
        },
    })
}

/// The character that an error points at.
fn offender(body: &[u8], error: &serde_json::Error) -> Option<char> {
    let line = body
        .split(|byte| *byte == b'\n')
        .nth(error.line().checked_sub(1)?)?;
    let text = String::from_utf8_lossy(line.get(error.column().checked_sub(1)?..)?);
    text.chars().next()
}

/// What Go calls the kind of a value.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A member of a Go struct: its full name there and its type, for refusals.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    pub owner: &'a str,
    pub name: &'a str,
    pub kind: &'a str,
}

impl Member<'_> {
    fn refuse(self, found: &str) -> String {
        let Member { owner, name, kind } = self;
        format!("json: cannot unmarshal {found} into Go struct field {owner}.{name} of type {kind}")
    }

    /// A string; null leaves the member as it is.
    pub fn text(self, value: &Value) -> Result<Option<String>, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            other => Err(self.refuse(kind(other))),
        }
    }

    /// An unsigned number of 64 bits.
    pub fn number(self, value: &Value) -> Result<u64, String> {
        match value {
            Value::Null => Ok(0),
            Value::Number(number) => number
                .as_u64()
                .ok_or_else(|| self.refuse(&format!("number {number}"))),
            other => Err(self.refuse(kind(other))),
        }
    }

    /// A list of strings.
    pub fn texts(self, value: &Value) -> Result<Option<Vec<String>>, String> {
        let element = Member {
            kind: "string",
            ..self
        };
        match value {
            Value::Null => Ok(None),
            Value::Array(values) => values
                .iter()
                .map(|value| Ok(element.text(value)?.unwrap_or_default()))
                .collect::<Result<_, _>>()
                .map(Some),
            other => Err(self.refuse(kind(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_json_is_refused_in_gos_words() {
        for (body, words) in [
            ("", "EOF"),
            ("  \n", "EOF"),
            ("[", "unexpected EOF"),
            ("[{\"a\":1}", "unexpected EOF"),
            ("x", "invalid character 'x' looking for beginning of value"),
            (
                "[\nx]",
                "invalid character 'x' looking for beginning of value",
            ),
        ] {
            assert_eq!(parse(body.as_bytes()).unwrap_err(), words, "{body}");
        }
    }

    #[test]
    fn what_follows_the_first_value_is_ignored() {
        assert_eq!(parse(b"[1] junk").unwrap(), serde_json::json!([1]));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        let member = Member {
            owner: "KVTxnOp.KV",
            name: "Flags",
            kind: "uint64",
        };
        assert_eq!(
            member.number(&serde_json::json!(-1)).unwrap_err(),
            "json: cannot unmarshal number -1 into Go struct field KVTxnOp.KV.Flags of type uint64"
        );
        assert_eq!(
            member.number(&serde_json::json!("1")).unwrap_err(),
            "json: cannot unmarshal string into Go struct field KVTxnOp.KV.Flags of type uint64"
        );
        assert_eq!(member.number(&serde_json::json!(u64::MAX)), Ok(u64::MAX));
    }
}
