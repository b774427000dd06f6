//! The members of one entry of a document, in any order and case, and the first fault among them.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// Unknown members are collected up to this number.
const MAX_UNKNOWN: usize = 8;

/// The members that an import keeps or checks.
const KEPT: [&str; 6] = [
    "key",
    "flags",
    "value",
    "encoding",
    "namespace",
    "partition",
];

/// Stands for the encoding `null` of an entry whose value kvw did not know.
pub const UNKNOWN: &str = "null";

/// The members as they stand, before the value is decoded.
#[derive(Default)]
pub struct Parsed {
    /// The key; empty if there is none.
    pub key: String,
    /// The flags; 0 if there are none.
    pub flags: u64,
    /// The value, encoded.
    pub value: Option<String>,
    /// The value's encoding.
    pub encoding: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The partition.
    pub partition: Option<String>,
    /// The first member of the wrong type. It is reported with the key, which may follow it.
    pub fault: Option<String>,
    /// Whether there are unknown members.
    pub foreign: bool,
    /// Whether there are known members.
    pub known: bool,
    /// Whether there is a key, though it may be empty.
    pub has_key: bool,
}

impl Parsed {
    fn text(&mut self, member: &str, value: Value) -> Option<String> {
        match value {
            Value::String(text) => return Some(text),
            Value::Null => {}
            other => self.fault(format!("{member} is {}, not a string", kind(&other))),
        }
        None
    }

    fn number(&mut self, value: &Value) -> u64 {
        if let (None, false) = (value.as_u64(), value.is_null()) {
            let max = u64::MAX;
            let shown = match value {
                Value::Number(number) => number.to_string(),
                other => kind(other).to_owned(),
            };
            self.fault(format!("flags is {shown}, not a number from 0 to {max}"));
        }
        value.as_u64().unwrap_or_default()
    }

    fn fault(&mut self, what: String) {
        self.fault.get_or_insert(what);
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Reads the members of one entry. What was read before a syntax error stays.
pub struct Members<'a> {
    /// The members read.
    pub parsed: &'a mut Parsed,
    /// The names of members that mean nothing.
    pub unknown: &'a mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry with `key`, `flags` and `value`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let parsed = self.parsed;
        let mut seen = [false; KEPT.len()];
        while let Some(mut name) = map.next_key::<String>()? {
            name.make_ascii_lowercase();
            let mut known = true;
            if let Some(at) = KEPT.iter().position(|kept| *kept == name) {
                // Which of the two was meant is not to be guessed.
                if std::mem::replace(&mut seen[at], true) {
                    parsed.fault(format!("{name} stands twice"));
                }
            }
            match &*name {
                "key" => {
                    let key = parsed.text("key", map.next_value()?);
                    parsed.has_key = key.is_some();
                    parsed.key = key.unwrap_or_default();
                }
                "flags" => parsed.flags = parsed.number(&map.next_value()?),
                "value" => parsed.value = parsed.text("value", map.next_value()?),
                "encoding" => {
                    let encoding = parsed.text("encoding", map.next_value()?);
                    parsed.encoding = Some(encoding.unwrap_or_else(|| UNKNOWN.to_owned()));
                }
                "namespace" => parsed.namespace = parsed.text("namespace", map.next_value()?),
                "partition" => parsed.partition = parsed.text("partition", map.next_value()?),
                // What Consul's API and kvw itself write beside them, and an import does not keep.
                "createindex" | "modifyindex" | "lockindex" | "create_index" | "modify_index"
                | "lock_index" | "session" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    known = false;
                    if self.unknown.len() < MAX_UNKNOWN {
                        self.unknown.insert(name);
                    }
                }
            }
            parsed.known |= known;
            parsed.foreign |= !known;
        }
        Ok(())
    }
}
