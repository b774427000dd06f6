//! The endpoints: parameters and bodies in, Consul's shapes out.

mod body;
pub mod kv;
pub mod session;
pub mod status;
pub mod txn;

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use super::golang;
use super::http::Response;
use super::state::StoredKey;

/// The largest value, and the largest transaction, of an agent that is not told otherwise.
const MOST_BYTES: usize = 512 * 1024;

/// An entry in the order that Consul writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EntryJson<'a> {
    lock_index: u64,
    key: Cow<'a, str>,
    flags: u64,
    /// Null for an empty value too: there is no difference once stored.
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    create_index: u64,
    modify_index: u64,
}

impl<'a> EntryJson<'a> {
    fn new(entry: &'a StoredKey, with_value: bool) -> Self {
        EntryJson {
            lock_index: entry.locked,
            key: golang::text(&entry.key),
            flags: entry.flags,
            value: (with_value && !entry.value.is_empty())
                .then(|| BASE64_STANDARD.encode(&entry.value)),
            session: entry.session.as_deref(),
            create_index: entry.created,
            modify_index: entry.modified,
        }
    }
}

/// JSON as Go encodes it: compact, or indented by four spaces with a newline at the end.
pub fn json(status: u16, value: &impl Serialize, pretty: bool) -> Response {
    let mut bytes = Vec::new();
    let written = if pretty {
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        value.serialize(&mut serde_json::Serializer::with_formatter(
            &mut bytes, formatter,
        ))
    } else {
        value.serialize(&mut serde_json::Serializer::new(&mut bytes))
    };
    written.expect("only strings, numbers and lists of them go into a vector");
    let mut bytes = golang::json_escapes(bytes);
    if pretty {
        bytes.push(b'\n');
    }
    Response::bytes(status, "application/json", bytes)
}

/// The headers of a query that reached the store.
fn with_meta(response: Response, index: u64) -> Response {
    with_leader(response.with("X-Consul-Index", index.to_string()))
}

fn with_leader(response: Response) -> Response {
    response
        .with("X-Consul-Knownleader", "true")
        .with("X-Consul-Lastcontact", "0")
}
