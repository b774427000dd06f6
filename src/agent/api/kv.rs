//! The endpoint `/v1/kv/KEY`.

use std::collections::HashSet;
use std::sync::Arc;

use super::{EntryJson, MAX_BYTES, with_index};
use crate::agent::golang;
use crate::agent::http::Response;
use crate::agent::params::BlockingQuery;
use crate::agent::request::{ApiError, ApiRequest, ApiResult};
use crate::agent::state::{ApplyError, KvEntry, KvQuery, KvState, TxnOp, TxnVerb};

/// Reads, writes or deletes, by method.
pub fn serve(request: &mut ApiRequest<'_>) -> ApiResult {
    let blocking = request.params.blocking_query(&request.head.cache_control)?;
    request.params.check_namespace(&request.head.namespace)?;
    let key = request.path_after("/v1/kv/").to_vec();
    match &*request.head.method {
        "PUT" => put(request, key),
        "DELETE" => delete(request, key),
        _ if request.params.has("keys") => list_names(request, &key, blocking),
        _ => get(request, &key, blocking),
    }
}

fn require_key(key: &[u8]) -> Result<(), ApiError> {
    if key.is_empty() {
        return Err(Response::text(400, "Missing key name").into());
    }
    Ok(())
}

fn get(request: &ApiRequest<'_>, key: &[u8], blocking: Option<BlockingQuery>) -> ApiResult {
    let recurse = request.params.has("recurse");
    let query = if recurse {
        KvQuery::Prefix(key.into())
    } else {
        require_key(key)?;
        KvQuery::Key(key.into())
    };
    let (index, entries) = read(request, &query, blocking, |state| -> Vec<Arc<KvEntry>> {
        if recurse {
            state.under(key).cloned().collect()
        } else {
            state.entry(key).cloned().into_iter().collect()
        }
    })?;
    let response = if entries.is_empty() {
        Response::empty(404)
    } else if request.params.has("raw") && !recurse {
        Response::bytes(200, "text/plain", entries[0].value.clone())
            .with_header("Content-Security-Policy", "sandbox")
            .with_header("X-Content-Type-Options", "nosniff")
    } else {
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| EntryJson::new(entry, true))
            .collect();
        request.json(200, &shown)
    };
    Ok(with_index(response, index))
}

fn read<T>(
    request: &ApiRequest<'_>,
    query: &KvQuery,
    blocking: Option<BlockingQuery>,
    read: impl Fn(&KvState) -> T,
) -> Result<(u64, T), ApiError> {
    request.params.check_datacenter()?;
    let is_gone = || request.connection.is_gone();
    Ok(request.agent.store.read(query, blocking, is_gone, read)?)
}

/// Lists the names below a prefix, each cut after the first separator that follows the prefix.
fn list_names(
    request: &ApiRequest<'_>,
    prefix: &[u8],
    blocking: Option<BlockingQuery>,
) -> ApiResult {
    let separator = match request.params.first("separator") {
        "" => request.params.first("seperator"),
        separator => separator,
    };
    let query = KvQuery::Prefix(prefix.into());
    let (index, keys) = read(request, &query, blocking, |state| -> Vec<Arc<[u8]>> {
        state
            .under(prefix)
            .map(|entry| Arc::clone(&entry.key))
            .collect()
    })?;
    let mut seen = HashSet::new();
    let cut: Vec<_> = keys
        .iter()
        .map(|key| cut(key, prefix.len(), separator.as_bytes()))
        .filter(|name| seen.insert(*name))
        .map(golang::utf8_lossy)
        .collect();
    let response = if cut.is_empty() && !prefix.is_empty() {
        Response::empty(404)
    } else {
        request.json(200, &cut)
    };
    Ok(with_index(response, index))
}

fn cut<'a>(key: &'a [u8], prefix_len: usize, separator: &[u8]) -> &'a [u8] {
    if separator.is_empty() {
        return key;
    }
    let found = key[prefix_len..]
        .windows(separator.len())
        .position(|window| window == separator);
    found.map_or(key, |at| &key[..prefix_len + at + separator.len()])
}

fn put(request: &mut ApiRequest<'_>, key: Vec<u8>) -> ApiResult {
    require_key(&key)?;
    request
        .params
        .check_exclusive(&["cas", "acquire", "release"])?;
    let mut op = TxnOp::new(TxnVerb::Set, key);
    if request.params.has("flags") {
        op.flags = parse_number(request, "flags")?;
    }
    if request.params.has("cas") {
        op.verb = TxnVerb::Cas;
        op.index = parse_number(request, "cas")?;
    }
    for (name, verb) in [("acquire", TxnVerb::Lock), ("release", TxnVerb::Unlock)] {
        if request.params.has(name) {
            op.verb = verb;
            request.params.first(name).clone_into(&mut op.session);
        }
    }
    op.value = request.read_body(MAX_BYTES, |length| match length {
        Some(length) => format!(
            "Request body({length} bytes) too large, max size: {MAX_BYTES} bytes. \
             See https://www.consul.io/docs/agent/options.html#kv_max_value_size."
        ),
        // The text of newer servers; 1.8.7 has no limit here.
        None => format!("Request body too large. Max allowed is {MAX_BYTES} bytes."),
    })?;
    write(request, &op)
}

fn delete(request: &ApiRequest<'_>, key: Vec<u8>) -> ApiResult {
    request.params.check_exclusive(&["recurse", "cas"])?;
    let recurse = request.params.has("recurse");
    if !recurse {
        require_key(&key)?;
    }
    let verb = if recurse {
        TxnVerb::DeleteTree
    } else if request.params.has("cas") {
        TxnVerb::DeleteCas
    } else {
        TxnVerb::Delete
    };
    let mut op = TxnOp::new(verb, key);
    if op.verb == TxnVerb::DeleteCas {
        op.index = parse_number(request, "cas")?;
    }
    write(request, &op)
}

fn write(request: &ApiRequest<'_>, op: &TxnOp) -> ApiResult {
    request.params.check_datacenter()?;
    match request.agent.store.write(|state, now| state.apply(op, now)) {
        Ok(done) => Ok(request.json(200, &done)),
        Err(ApplyError::Consul(text)) => Err(Response::text(500, text).into()),
        Err(ApplyError::OutOfMemory(error)) => Err(Response::text(409, error.to_string()).into()),
    }
}

fn parse_number(request: &ApiRequest<'_>, name: &str) -> Result<u64, Response> {
    golang::parse_uint(request.params.first(name)).map_err(|text| Response::text(500, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_after_the_first_separator_that_follows_the_prefix() {
        for (key, prefix, separator, name) in [
            ("web/b/c", "web/", "/", "web/b/"),
            ("web/a", "web/", "/", "web/a"),
            ("web/B", "web", "/", "web/"),
            ("web", "we", "b", "web"),
            ("a--b--c", "a", "--", "a--"),
            ("a/b", "", "", "a/b"),
        ] {
            let cut = cut(key.as_bytes(), prefix.len(), separator.as_bytes());
            assert_eq!(cut, name.as_bytes(), "{key} {prefix} {separator}");
        }
    }
}
