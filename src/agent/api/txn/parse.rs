//! The body of `/v1/txn`, decoded and refused as Consul does.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::agent::api::body::{self, GoField};
use crate::agent::golang;
use crate::agent::http::Response;
use crate::agent::request::ApiError;
use crate::agent::state::{TxnOp, TxnVerb};

/// The most operations; newer servers take 128.
const MAX_OPS: usize = 64;

/// Parses the operations of a body.
pub(super) fn parse(body: &[u8]) -> Result<Vec<TxnOp>, ApiError> {
    let unparsable = |error: String| Response::text(400, format!("Failed to parse body: {error}"));
    let values = match body::parse(body).map_err(unparsable)? {
        Value::Null => Vec::new(),
        Value::Array(values) => values,
        other => {
            let kind = body::type_name(&other);
            let error = format!("json: cannot unmarshal {kind} into Go value of type api.TxnOps");
            return Err(unparsable(error).into());
        }
    };
    if values.len() > MAX_OPS {
        let count = values.len();
        let text = format!("Transaction contains too many operations ({count} > {MAX_OPS})");
        return Err(Response::text(413, text).into());
    }
    let mut ops = Vec::new();
    for value in &values {
        match parse_op(value).map_err(unparsable)? {
            ParsedOp::Empty => {}
            ParsedOp::Unsupported(kind) => {
                let text = format!("kvw dev has no {kind} operations, only KV");
                return Err(Response::text(501, text).into());
            }
            ParsedOp::Kv(op) => ops.push(op),
        }
    }
    // Values need no check: the limit of the whole body is the same, and base64 makes it longer.
    Ok(ops)
}

enum ParsedOp {
    Kv(TxnOp),
    /// An operation on nodes, services or checks.
    Unsupported(String),
    /// An empty operation, which is dropped.
    Empty,
}

fn parse_op(value: &Value) -> Result<ParsedOp, String> {
    let Value::Object(members) = value else {
        if value.is_null() {
            return Ok(ParsedOp::Empty);
        }
        let kind = body::type_name(value);
        return Err(format!(
            "json: cannot unmarshal {kind} into Go value of type api.TxnOp"
        ));
    };
    let mut parsed = ParsedOp::Empty;
    for (name, value) in members {
        match &*name.to_ascii_lowercase() {
            "kv" | "node" | "service" | "check" if value.is_null() => {}
            "kv" => return Ok(ParsedOp::Kv(parse_kv_op(value)?)),
            "node" | "service" | "check" => parsed = ParsedOp::Unsupported(name.clone()),
            _ => return Err(format!("json: unknown field {}", golang::quote(name))),
        }
    }
    Ok(parsed)
}

fn parse_kv_op(value: &Value) -> Result<TxnOp, String> {
    let Value::Object(members) = value else {
        let kind = body::type_name(value);
        return Err(format!(
            "json: cannot unmarshal {kind} into Go struct field TxnOp.KV of type api.KVTxnOp"
        ));
    };
    let mut op = TxnOp::new(TxnVerb::from_name(""), "");
    for (name, value) in members {
        let field = |name, kind| GoField {
            owner: "KVTxnOp.KV",
            name,
            kind,
        };
        let text = |name| {
            field(name, "string")
                .decode_string(value)
                .map(Option::unwrap_or_default)
        };
        match &*name.to_ascii_lowercase() {
            "verb" => {
                let verb = field("Verb", "api.KVOp").decode_string(value)?;
                op.verb = TxnVerb::from_name(&verb.unwrap_or_default());
            }
            "key" => op.key = text("Key")?.into_bytes(),
            "session" => op.session = text("Session")?,
            "flags" => op.flags = field("Flags", "uint64").decode_u64(value)?,
            "index" => op.index = field("Index", "uint64").decode_u64(value)?,
            "value" => {
                let encoded = field("Value", "[]uint8").decode_string(value)?;
                op.value = decode_base64(&encoded.unwrap_or_default())?;
            }
            // The community build accepts this member and ignores it.
            "namespace" => drop(text("Namespace")?),
            _ => return Err(format!("json: unknown field {}", golang::quote(name))),
        }
    }
    Ok(op)
}

/// Decodes padded base64 and ignores line ends, as Go does.
fn decode_base64(encoded: &str) -> Result<Vec<u8>, String> {
    let bytes: Vec<u8> = encoded
        .bytes()
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    BASE64_STANDARD.decode(&bytes).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) => at,
            base64::DecodeError::InvalidLastSymbol { offset, .. } => offset,
            _ => bytes.len() / 4 * 4,
        };
        format!("illegal base64 data at input byte {at}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused_text(body: &str) -> String {
        match parse(body.as_bytes()) {
            Err(ApiError::Refused(response)) => {
                String::from_utf8(response.body().to_vec()).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn member_names_ignore_case_and_verbs_do_not() {
        let ops = parse(br#"[{"kv":{"verb":"set","KEY":"a","Value":"eA==","flags":7}}]"#).unwrap();
        let wanted = TxnOp {
            value: b"x".to_vec(),
            flags: 7,
            ..TxnOp::new(TxnVerb::Set, "a")
        };
        assert_eq!(ops, [wanted]);
        let ops = parse(br#"[{"KV":{"Verb":"SET","Key":"a"}}]"#).unwrap();
        assert_eq!(ops[0].verb, TxnVerb::Unknown("SET".to_owned()));
    }

    #[test]
    fn empty_operations_are_dropped() {
        for body in ["[]", "null", "[{}]", "[null]", r#"[{"KV":null}]"#] {
            assert!(parse(body.as_bytes()).unwrap().is_empty(), "{body}");
        }
    }

    #[test]
    fn malformed_bodies_are_refused_with_consuls_text() {
        for (body, text) in [
            (
                "{}",
                "json: cannot unmarshal object into Go value of type api.TxnOps",
            ),
            (
                "[7]",
                "json: cannot unmarshal number into Go value of type api.TxnOp",
            ),
            (r#"[{"Bogus":1}]"#, "json: unknown field \"Bogus\""),
            (
                r#"[{"KV":{"Partition":""}}]"#,
                "json: unknown field \"Partition\"",
            ),
            (
                r#"[{"KV":{"Value":"%"}}]"#,
                "illegal base64 data at input byte 0",
            ),
            (
                r#"[{"KV":{"Value":"YQ"}}]"#,
                "illegal base64 data at input byte 0",
            ),
            (
                r#"[{"KV":[]}]"#,
                "json: cannot unmarshal array into Go struct field TxnOp.KV of type api.KVTxnOp",
            ),
        ] {
            assert_eq!(
                refused_text(body),
                format!("Failed to parse body: {text}"),
                "{body}"
            );
        }
    }

    #[test]
    fn sixty_four_operations_are_the_most() {
        let ops = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert!(parse(ops(64).as_bytes()).is_ok());
        assert_eq!(
            refused_text(&ops(65)),
            "Transaction contains too many operations (65 > 64)"
        );
    }

    #[test]
    fn other_operations_are_not_implemented() {
        assert_eq!(
            refused_text(r#"[{"Node":{"Verb":"get"}}]"#),
            "kvw dev has no Node operations, only KV"
        );
        assert_eq!(
            parse(br#"[{"KV":{"Verb":"get"},"Node":{}}]"#)
                .unwrap()
                .len(),
            1
        );
    }
}
