//! The endpoints: parameters and bodies in, Consul's JSON out.

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
use super::state::KvEntry;

/// The default limit of Consul for a value and for the body of a transaction.
const MAX_BYTES: usize = 512 * 1024;

/// An entry, with its members in Consul's order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct EntryJson<'a> {
    lock_index: u64,
    key: Cow<'a, str>,
    flags: u64,
    /// Null for an empty value too: Consul stores both the same.
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    create_index: u64,
    modify_index: u64,
}

impl<'a> EntryJson<'a> {
    fn new(entry: &'a KvEntry, with_value: bool) -> Self {
        EntryJson {
            lock_index: entry.locked,
            key: golang::utf8_lossy(&entry.key),
            flags: entry.flags,
            value: (with_value && !entry.value.is_empty())
                .then(|| BASE64_STANDARD.encode(&entry.value)),
            session: entry.session.as_deref(),
            create_index: entry.created,
            modify_index: entry.modified,
        }
    }
}

/// Returns a response of JSON as Go encodes it: compact, or indented by four spaces with a newline at
/// the end.
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
    let mut bytes = golang::escape_json(bytes);
    if pretty {
        bytes.push(b'\n');
    }
    Response::bytes(status, "application/json", bytes)
}

/// Adds the headers of a query that read the store.
fn with_index(response: Response, index: u64) -> Response {
    with_leader(response.with_header("X-Consul-Index", index.to_string()))
}

fn with_leader(response: Response) -> Response {
    response
        .with_header("X-Consul-Knownleader", "true")
        .with_header("X-Consul-Lastcontact", "0")
}
