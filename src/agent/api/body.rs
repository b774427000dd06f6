//! JSON bodies, decoded and refused as Go's decoder does: only the first value counts, and whatever
//! follows it is ignored.

use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

/// Parses the first JSON value of a body.
///
/// # Errors
/// The text of Go's error.
pub fn parse(body: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    Value::deserialize(&mut reader).map_err(|error| match error.classify() {
        _ if body.trim_ascii().is_empty() => "EOF".to_owned(),
        Category::Eof => "unexpected EOF".to_owned(),
        _ => match find_character(body, &error) {
            Some(found) => format!("invalid character '{found}' looking for beginning of value"),
            None => error.to_string(),
        },
    })
}

/// Finds the character that an error points at.
fn find_character(body: &[u8], error: &serde_json::Error) -> Option<char> {
    let line = body
        .split(|byte| *byte == b'\n')
        .nth(error.line().checked_sub(1)?)?;
    let text = String::from_utf8_lossy(line.get(error.column().checked_sub(1)?..)?);
    text.chars().next()
}

/// Returns Go's name for the type of a value.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A field of a Go struct, as Go's errors name it.
#[derive(Debug, Clone, Copy)]
pub struct GoField<'a> {
    pub owner: &'a str,
    pub name: &'a str,
    pub kind: &'a str,
}

impl GoField<'_> {
    fn type_error(self, found: &str) -> String {
        let GoField { owner, name, kind } = self;
        format!("json: cannot unmarshal {found} into Go struct field {owner}.{name} of type {kind}")
    }

    /// Decodes a string; `None` for null, which leaves a field as it is.
    pub fn decode_string(self, value: &Value) -> Result<Option<String>, String> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            other => Err(self.type_error(type_name(other))),
        }
    }

    /// Decodes an unsigned number of 64 bits.
    pub fn decode_u64(self, value: &Value) -> Result<u64, String> {
        match value {
            Value::Null => Ok(0),
            Value::Number(number) => number
                .as_u64()
                .ok_or_else(|| self.type_error(&format!("number {number}"))),
            other => Err(self.type_error(type_name(other))),
        }
    }

    /// Decodes a list of strings.
    pub fn decode_strings(self, value: &Value) -> Result<Option<Vec<String>>, String> {
        let element = GoField {
            kind: "string",
            ..self
        };
        match value {
            Value::Null => Ok(None),
            Value::Array(values) => values
                .iter()
                .map(|value| Ok(element.decode_string(value)?.unwrap_or_default()))
                .collect::<Result<_, _>>()
                .map(Some),
            other => Err(self.type_error(type_name(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_not_json_is_refused_with_gos_text() {
        for (body, text) in [
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
            assert_eq!(parse(body.as_bytes()).unwrap_err(), text, "{body}");
        }
    }

    #[test]
    fn what_follows_the_first_value_is_ignored() {
        assert_eq!(parse(b"[1] junk").unwrap(), serde_json::json!([1]));
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named() {
        let field = GoField {
            owner: "KVTxnOp.KV",
            name: "Flags",
            kind: "uint64",
        };
        assert_eq!(
            field.decode_u64(&serde_json::json!(-1)).unwrap_err(),
            "json: cannot unmarshal number -1 into Go struct field KVTxnOp.KV.Flags of type uint64"
        );
        assert_eq!(
            field.decode_u64(&serde_json::json!("1")).unwrap_err(),
            "json: cannot unmarshal string into Go struct field KVTxnOp.KV.Flags of type uint64"
        );
        assert_eq!(field.decode_u64(&serde_json::json!(u64::MAX)), Ok(u64::MAX));
    }
}
