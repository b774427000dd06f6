//! The endpoints: parameters and bodies in, Consul's JSON out.

mod body;
pub mod kv;
pub mod session;
pub mod status;
pub mod txn;

use std::borrow::Cow;

use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use serde::{Serialize, Serializer};

use super::answer_limits::{AnswerLimits, AnswerRefusal, AnswerRoom};
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
    value: Option<Base64Value<'a>>,
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
            value: (with_value && !entry.value.is_empty()).then_some(Base64Value(&entry.value)),
            session: entry.session.as_deref(),
            create_index: entry.created,
            modify_index: entry.modified,
        }
    }
}

/// A value that is encoded as it is written: a large answer is in memory once.
struct Base64Value<'a>(&'a [u8]);

impl Serialize for Base64Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &BASE64_STANDARD))
    }
}

/// The bytes of an answer, up to its limits.
struct AnswerWriter<'a> {
    bytes: Vec<u8>,
    room: AnswerRoom,
    limits: &'a AnswerLimits,
    refusal: Option<AnswerRefusal>,
}

impl std::io::Write for AnswerWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let size = self.bytes.len() + bytes.len();
        if let Err(refusal) = self.limits.grow(&mut self.room, size) {
            self.refusal = Some(refusal);
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns a response of JSON as Go encodes it: compact, or indented by four spaces with a newline at
/// the end. One that would be too large is refused.
pub fn json(status: u16, value: &impl Serialize, pretty: bool, limits: &AnswerLimits) -> Response {
    let mut writer = AnswerWriter {
        bytes: Vec::new(),
        room: AnswerRoom::default(),
        limits,
        refusal: None,
    };
    let written = if pretty {
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        value.serialize(&mut serde_json::Serializer::with_formatter(
            &mut writer,
            formatter,
        ))
    } else {
        value.serialize(&mut serde_json::Serializer::new(&mut writer))
    };
    if let Some(refusal) = writer.refusal {
        return refusal.into();
    }
    written.expect("only strings, numbers and lists of them go into a vector");
    let AnswerWriter {
        bytes, mut room, ..
    } = writer;
    if let Err(refusal) = limits.grow(&mut room, golang::max_escaped_len(&bytes) + 1) {
        return refusal.into();
    }
    let mut bytes = golang::escape_json(bytes);
    if pretty {
        bytes.push(b'\n');
    }
    Response::bytes(status, "application/json", bytes).with_room(room)
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
