//! The endpoint `/v1/txn`.

mod parse;

use serde::Serialize;

use super::{EntryJson, MAX_BYTES, with_leader};
use crate::agent::http::Response;
use crate::agent::request::{ApiRequest, ApiResult};
use crate::agent::state::{TxnError, TxnResult};

/// Applies operations all or nothing.
pub fn apply(request: &mut ApiRequest<'_>) -> ApiResult {
    let body = request.read_body(MAX_BYTES, |length| {
        let length = length.map_or(String::new(), |length| format!("({length} bytes)"));
        format!(
            "Request body{length} too large, max size: {MAX_BYTES} bytes. \
             See https://www.consul.io/docs/agent/options.html#txn_max_req_len."
        )
    })?;
    let ops = parse::parse(&body)?;
    let reads_only = !ops.iter().any(|op| op.verb.is_write());
    if reads_only {
        // The consistency matters for reads only; indexes and waits are checked and not used.
        request.params.blocking_query(&request.head.cache_control)?;
    }
    request.params.check_datacenter()?;
    let outcome = request
        .agent
        .store
        .write(|state, now| state.apply_txn(&ops, now));
    Ok(respond(request, &outcome, reads_only))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TxnResponseJson<'a> {
    results: Option<Vec<ResponseResult<'a>>>,
    errors: Option<Vec<ResponseError<'a>>>,
    #[serde(flatten)]
    read_meta: Option<ResponseReadMeta>,
}

#[derive(Serialize)]
struct ResponseResult<'a> {
    #[serde(rename = "KV")]
    entry: EntryJson<'a>,
}

impl<'a> ResponseResult<'a> {
    fn new(result: &'a TxnResult) -> Self {
        ResponseResult {
            entry: EntryJson::new(&result.entry, result.with_value),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResponseError<'a> {
    op_index: usize,
    what: &'a str,
}

impl<'a> ResponseError<'a> {
    fn new(error: &'a TxnError) -> Self {
        ResponseError {
            op_index: error.op,
            what: &error.what,
        }
    }
}

/// The members that only the answer to a read has; the index is always 0 and useless.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResponseReadMeta {
    index: u64,
    last_contact: u64,
    known_leader: bool,
    consistency_level: &'static str,
}

const READ_META: ResponseReadMeta = ResponseReadMeta {
    index: 0,
    last_contact: 0,
    known_leader: true,
    consistency_level: "",
};

fn respond(
    request: &ApiRequest<'_>,
    outcome: &Result<Vec<TxnResult>, Vec<TxnError>>,
    reads_only: bool,
) -> Response {
    let json = TxnResponseJson {
        results: outcome
            .as_ref()
            .ok()
            .map(|all| all.iter().map(ResponseResult::new).collect()),
        errors: outcome
            .as_ref()
            .err()
            .map(|all| all.iter().map(ResponseError::new).collect()),
        read_meta: reads_only.then_some(READ_META),
    };
    let response = request.json(if outcome.is_ok() { 200 } else { 409 }, &json);
    if reads_only {
        with_leader(response)
    } else {
        response
    }
}
