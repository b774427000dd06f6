//! `/v1/kv/KEY`

use std::collections::HashSet;
use std::sync::Arc;

use super::{EntryJson, MOST_BYTES, with_meta};
use crate::agent::golang;
use crate::agent::http::Response;
use crate::agent::params::Blocking;
use crate::agent::request::{Answer, ApiRequest, NoAnswer};
use crate::agent::state::{KvQuery, KvState, StoredKey, TxnOp, TxnVerb};

/// Reads, writes and deletes.
pub fn kv(request: &mut ApiRequest<'_>) -> Answer {
    let blocking = request.params.options(&request.head.cache_control)?;
    request.params.namespace(&request.head.namespace)?;
    let key = request.behind("/v1/kv/").to_vec();
    match &*request.head.method {
        "PUT" => put(request, key),
        "DELETE" => delete(request, key),
        _ if request.params.has("keys") => names(request, &key, blocking),
        _ => get(request, &key, blocking),
    }
}

fn require_key(key: &[u8]) -> Result<(), NoAnswer> {
    if key.is_empty() {
        return Err(Response::text(400, "Missing key name").into());
    }
    Ok(())
}

fn get(request: &ApiRequest<'_>, key: &[u8], blocking: Option<Blocking>) -> Answer {
    let recurse = request.params.has("recurse");
    let query = if recurse {
        KvQuery::Prefix(key.into())
    } else {
        require_key(key)?;
        KvQuery::Key(key.into())
    };
    let (index, entries) = read(request, &query, blocking, |state| -> Vec<Arc<StoredKey>> {
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
            .with("Content-Security-Policy", "sandbox")
            .with("X-Content-Type-Options", "nosniff")
    } else {
        let shown: Vec<_> = entries
            .iter()
            .map(|entry| EntryJson::new(entry, true))
            .collect();
        request.json(200, &shown)
    };
    Ok(with_meta(response, index))
}

fn read<T>(
    request: &ApiRequest<'_>,
    query: &KvQuery,
    blocking: Option<Blocking>,
    look: impl Fn(&KvState) -> T,
) -> Result<(u64, T), NoAnswer> {
    request.params.datacenter()?;
    let gone = || request.connection.is_gone();
    Ok(request.agent.store.read(query, blocking, gone, look)?)
}

/// Names below a prefix, cut after the first separator behind it.
fn names(request: &ApiRequest<'_>, prefix: &[u8], blocking: Option<Blocking>) -> Answer {
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
        .map(golang::text)
        .collect();
    let response = if cut.is_empty() && !prefix.is_empty() {
        Response::empty(404)
    } else {
        request.json(200, &cut)
    };
    Ok(with_meta(response, index))
}

fn cut<'a>(key: &'a [u8], behind: usize, separator: &[u8]) -> &'a [u8] {
    if separator.is_empty() {
        return key;
    }
    let found = key[behind..]
        .windows(separator.len())
        .position(|window| window == separator);
    found.map_or(key, |at| &key[..behind + at + separator.len()])
}

fn put(request: &mut ApiRequest<'_>, key: Vec<u8>) -> Answer {
    require_key(&key)?;
    request.params.exclude(&["cas", "acquire", "release"])?;
    let mut op = TxnOp::new(TxnVerb::Set, key);
    if request.params.has("flags") {
        op.flags = number(request, "flags")?;
    }
    if request.params.has("cas") {
        op.verb = TxnVerb::Cas;
        op.index = number(request, "cas")?;
    }
    for (name, verb) in [("acquire", TxnVerb::Lock), ("release", TxnVerb::Unlock)] {
        if request.params.has(name) {
            op.verb = verb;
            request.params.first(name).clone_into(&mut op.session);
        }
    }
    op.value = request.body(MOST_BYTES, |length| match length {
        Some(length) => format!(
            "Request body({length} bytes) too large, max size: {MOST_BYTES} bytes. \
             See https://www.consul.io/docs/agent/options.html#kv_max_value_size."
        ),
        // 1.8.7 has no limit here; newer ones do, and say this.
        None => format!("Request body too large. Max allowed is {MOST_BYTES} bytes."),
    })?;
    write(request, &op)
}

fn delete(request: &ApiRequest<'_>, key: Vec<u8>) -> Answer {
    request.params.exclude(&["recurse", "cas"])?;
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
        op.index = number(request, "cas")?;
    }
    write(request, &op)
}

fn write(request: &ApiRequest<'_>, op: &TxnOp) -> Answer {
    request.params.datacenter()?;
    match request.agent.store.write(|state, now| state.apply(op, now)) {
        Ok(done) => Ok(request.json(200, &done)),
        Err(text) => Err(Response::text(500, text).into()),
    }
}

fn number(request: &ApiRequest<'_>, name: &str) -> Result<u64, Response> {
    golang::parse_uint(request.params.first(name)).map_err(|text| Response::text(500, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_after_the_first_separator_behind_the_prefix() {
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
