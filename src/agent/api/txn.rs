//! `/v1/txn`

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::Value;

use super::body::{self, Member};
use super::{EntryJson, MOST_BYTES, with_leader};
use crate::agent::golang;
use crate::agent::http::Response;
use crate::agent::request::{Answer, ApiRequest, NoAnswer};
use crate::agent::state::{TxnError, TxnOp, TxnResult, TxnVerb};

/// The most operations; newer servers take 128.
const MOST_OPS: usize = 64;

/// Runs operations all or nothing.
pub fn txn(request: &mut ApiRequest<'_>) -> Answer {
    let body = request.body(MOST_BYTES, |length| {
        let length = length.map_or(String::new(), |length| format!("({length} bytes)"));
        format!(
            "Request body{length} too large, max size: {MOST_BYTES} bytes. \
             See https://www.consul.io/docs/agent/options.html#txn_max_req_len."
        )
    })?;
    let ops = parse(&body)?;
    let reads_only = !ops.iter().any(|op| op.verb.is_write());
    if reads_only {
        // Consistency counts for reads only; indexes and waits are checked and not used.
        request.params.options(&request.head.cache_control)?;
    }
    request.params.datacenter()?;
    let outcome = request.agent.store.write(|state, now| state.txn(&ops, now));
    Ok(shown(request, &outcome, reads_only))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShownOutcome<'a> {
    results: Option<Vec<ShownResult<'a>>>,
    errors: Option<Vec<ShownError<'a>>>,
    #[serde(flatten)]
    read: Option<ReadOnly>,
}

#[derive(Serialize)]
struct ShownResult<'a> {
    #[serde(rename = "KV")]
    entry: EntryJson<'a>,
}

impl<'a> ShownResult<'a> {
    fn new(result: &'a TxnResult) -> Self {
        ShownResult {
            entry: EntryJson::new(&result.entry, result.with_value),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ShownError<'a> {
    op_index: usize,
    what: &'a str,
}

impl<'a> ShownError<'a> {
    fn new(error: &'a TxnError) -> Self {
        ShownError {
            op_index: error.op,
            what: &error.what,
        }
    }
}

/// What only the answer to a read has; the index is always 0 and of no use.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReadOnly {
    index: u64,
    last_contact: u64,
    known_leader: bool,
    consistency_level: &'static str,
}

const READ_ONLY: ReadOnly = ReadOnly {
    index: 0,
    last_contact: 0,
    known_leader: true,
    consistency_level: "",
};

fn shown(
    request: &ApiRequest<'_>,
    outcome: &Result<Vec<TxnResult>, Vec<TxnError>>,
    reads_only: bool,
) -> Response {
    let shown = ShownOutcome {
        results: outcome
            .as_ref()
            .ok()
            .map(|all| all.iter().map(ShownResult::new).collect()),
        errors: outcome
            .as_ref()
            .err()
            .map(|all| all.iter().map(ShownError::new).collect()),
        read: reads_only.then_some(READ_ONLY),
    };
    let response = request.json(if outcome.is_ok() { 200 } else { 409 }, &shown);
    if reads_only {
        with_leader(response)
    } else {
        response
    }
}

fn parse(body: &[u8]) -> Result<Vec<TxnOp>, NoAnswer> {
    let unparsable = |why: String| Response::text(400, format!("Failed to parse body: {why}"));
    let asked = match body::parse(body).map_err(unparsable)? {
        Value::Null => Vec::new(),
        Value::Array(asked) => asked,
        other => {
            let kind = body::kind(&other);
            let why = format!("json: cannot unmarshal {kind} into Go value of type api.TxnOps");
            return Err(unparsable(why).into());
        }
    };
    if asked.len() > MOST_OPS {
        let count = asked.len();
        let text = format!("Transaction contains too many operations ({count} > {MOST_OPS})");
        return Err(Response::text(413, text).into());
    }
    let mut ops = Vec::new();
    for value in &asked {
        match operation(value).map_err(unparsable)? {
            Parsed::Nothing => {}
            Parsed::Other(kind) => {
                let text = format!("kvw dev has no {kind} operations, only KV");
                return Err(Response::text(501, text).into());
            }
            Parsed::Kv(op) => ops.push(op),
        }
    }
    // The whole body is bounded by as much, and base64 makes it longer: values fit.
    Ok(ops)
}

enum Parsed {
    Kv(TxnOp),
    /// A kind that this agent has not.
    Other(String),
    /// An empty operation is dropped.
    Nothing,
}

fn operation(value: &Value) -> Result<Parsed, String> {
    let Value::Object(members) = value else {
        if value.is_null() {
            return Ok(Parsed::Nothing);
        }
        let kind = body::kind(value);
        return Err(format!(
            "json: cannot unmarshal {kind} into Go value of type api.TxnOp"
        ));
    };
    let mut parsed = Parsed::Nothing;
    for (name, value) in members {
        match &*name.to_ascii_lowercase() {
            "kv" | "node" | "service" | "check" if value.is_null() => {}
            "kv" => return Ok(Parsed::Kv(kv(value)?)),
            "node" | "service" | "check" => parsed = Parsed::Other(name.clone()),
            _ => return Err(format!("json: unknown field {}", golang::quote(name))),
        }
    }
    Ok(parsed)
}

fn kv(value: &Value) -> Result<TxnOp, String> {
    let Value::Object(members) = value else {
        let kind = body::kind(value);
        return Err(format!(
            "json: cannot unmarshal {kind} into Go struct field TxnOp.KV of type api.KVTxnOp"
        ));
    };
    let mut op = TxnOp::new(TxnVerb::named(""), "");
    for (name, value) in members {
        let member = |name, kind| Member {
            owner: "KVTxnOp.KV",
            name,
            kind,
        };
        let text = |name| {
            member(name, "string")
                .text(value)
                .map(Option::unwrap_or_default)
        };
        match &*name.to_ascii_lowercase() {
            "verb" => {
                let verb = member("Verb", "api.KVOp").text(value)?;
                op.verb = TxnVerb::named(&verb.unwrap_or_default());
            }
            "key" => op.key = text("Key")?.into_bytes(),
            "session" => op.session = text("Session")?,
            "flags" => op.flags = member("Flags", "uint64").number(value)?,
            "index" => op.index = member("Index", "uint64").number(value)?,
            "value" => {
                let encoded = member("Value", "[]uint8").text(value)?;
                op.value = decode(&encoded.unwrap_or_default())?;
            }
            // Known to the community build, and without effect there.
            "namespace" => drop(text("Namespace")?),
            _ => return Err(format!("json: unknown field {}", golang::quote(name))),
        }
    }
    Ok(op)
}

/// Padded base64; line ends in it are passed over, as Go does.
fn decode(encoded: &str) -> Result<Vec<u8>, String> {
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

    fn refused(body: &str) -> String {
        match parse(body.as_bytes()) {
            Err(NoAnswer::With(response)) => String::from_utf8(response.body().to_vec()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn member_names_are_taken_in_any_case_and_verbs_are_not() {
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
    fn bad_bodies_are_refused_in_consuls_words() {
        for (body, words) in [
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
                refused(body),
                format!("Failed to parse body: {words}"),
                "{body}"
            );
        }
    }

    #[test]
    fn sixty_four_operations_are_the_most() {
        let ops = |count: usize| format!("[{}]", vec!["{}"; count].join(","));
        assert!(parse(ops(64).as_bytes()).is_ok());
        assert_eq!(
            refused(&ops(65)),
            "Transaction contains too many operations (65 > 64)"
        );
    }

    #[test]
    fn what_is_not_kv_is_not_implemented() {
        assert_eq!(
            refused(r#"[{"Node":{"Verb":"get"}}]"#),
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
