//! An entry as Consul writes it.

use std::borrow::Cow;
use std::fmt;

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::model::{Entry, Fields};

/// An entry of an answer, its value still in base64 and not checked.
#[derive(Debug, Default, PartialEq)]
pub struct RawEntry<'a> {
    pub(super) key: Text<'a>,
    pub(super) value: Bytes<'a>,
    pub(super) flags: u64,
    pub(super) session: Text<'a>,
    pub(super) created: u64,
    pub(super) modified: u64,
    pub(super) locked: u64,
}

/// The fields of an entry that an export keeps, the value in base64.
#[derive(Debug, Clone, Copy)]
pub struct EncodedEntry<'a> {
    /// The full key.
    pub key: &'a str,
    /// The application-defined 64-bit number.
    pub flags: u64,
    /// The value in valid, padded base64.
    pub base64: &'a [u8],
}

impl EncodedEntry<'_> {
    /// The number of bytes of the value.
    pub fn value_len(&self) -> u64 {
        let padding = self.base64.iter().rev().take_while(|byte| **byte == b'=');
        (self.base64.len() / 4 * 3 - padding.count()) as u64
    }
}

impl RawEntry<'_> {
    /// The full key.
    pub fn key(&self) -> &str {
        &self.key.0
    }

    /// Checks the value without decoding it, and returns the fields that an export keeps.
    ///
    /// # Errors
    /// When the value is not base64.
    pub fn encoded<E: de::Error>(&self) -> Result<EncodedEntry<'_>, E> {
        let base64 = &*self.value.0;
        check_base64(base64).map_err(|error| self.map_error(&error))?;
        Ok(EncodedEntry {
            key: &self.key.0,
            flags: self.flags,
            base64,
        })
    }

    /// Decodes the value into `value`, which can be used again, and packs all fields into an [`Entry`].
    ///
    /// # Errors
    /// When the value is not base64.
    pub fn pack<E: de::Error>(&self, value: &mut Vec<u8>) -> Result<Entry, E> {
        value.clear();
        STANDARD
            .decode_vec(&self.value.0, value)
            .map_err(|error| self.map_error(&error))?;
        Ok(Entry::pack(&Fields {
            key: &self.key.0,
            value: Some(value),
            flags: self.flags,
            created: self.created,
            modified: self.modified,
            locked: self.locked,
            session: Some(&self.session.0),
        }))
    }

    fn map_error<E: de::Error>(&self, error: &DecodeError) -> E {
        let key = self.key();
        E::custom(format_args!("the value of {key} is not base64: {error}"))
    }
}

impl<'de> Deserialize<'de> for RawEntry<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawEntryVisitor)
    }
}

struct RawEntryVisitor;

impl<'de> Visitor<'de> for RawEntryVisitor {
    type Value = RawEntry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawEntry<'de>, A::Error> {
        let mut entry = RawEntry::default();
        let mut seen = 0_u8;
        while let Some(name) = map.next_key::<Name>()? {
            let text = name.as_str();
            if !text.is_empty() && seen & name.bit() != 0 {
                return Err(de::Error::duplicate_field(text));
            }
            seen |= name.bit();
            match name {
                Name::Key => entry.key = map.next_value()?,
                Name::Value => entry.value = map.next_value::<Option<_>>()?.unwrap_or_default(),
                Name::Flags => entry.flags = map.next_value()?,
                Name::Session => entry.session = map.next_value::<Option<_>>()?.unwrap_or_default(),
                Name::CreateIndex => entry.created = map.next_value()?,
                Name::ModifyIndex => entry.modified = map.next_value()?,
                Name::LockIndex => entry.locked = map.next_value()?,
                Name::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if entry.key.0.is_empty() {
            return Err(de::Error::missing_field("Key"));
        }
        for name in [Name::Value, Name::ModifyIndex] {
            if seen & name.bit() == 0 {
                return Err(de::Error::missing_field(name.as_str()));
            }
        }
        Ok(entry)
    }
}

/// The name of a member of an entry. Its bytes suffice: their UTF-8 need not be checked.
#[derive(Clone, Copy)]
enum Name {
    Key,
    Value,
    Flags,
    Session,
    CreateIndex,
    ModifyIndex,
    LockIndex,
    /// Enterprise has more.
    Other,
}

impl Name {
    /// Its place in a set of names.
    fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Empty for what is not known.
    fn as_str(self) -> &'static str {
        match self {
            Name::Key => "Key",
            Name::Value => "Value",
            Name::Flags => "Flags",
            Name::Session => "Session",
            Name::CreateIndex => "CreateIndex",
            Name::ModifyIndex => "ModifyIndex",
            Name::LockIndex => "LockIndex",
            Name::Other => "",
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<Name, E> {
        Ok(match name {
            b"Key" => Name::Key,
            b"Value" => Name::Value,
            b"Flags" => Name::Flags,
            b"Session" => Name::Session,
            b"CreateIndex" => Name::CreateIndex,
            b"ModifyIndex" => Name::ModifyIndex,
            b"LockIndex" => Name::LockIndex,
            _ => Name::Other,
        })
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        self.visit_bytes(name.as_bytes())
    }
}

/// A JSON string, borrowed unless it has escapes.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A JSON string of which only ASCII is accepted later, so that its UTF-8 need not be checked.
#[derive(Debug, Default, PartialEq, Deserialize)]
pub(super) struct Bytes<'a>(#[serde(borrow)] pub(super) Cow<'a, [u8]>);

/// Checks that the decoder accepts all of it, without decoding it. The decoder accepts only what an
/// encoder writes.
fn check_base64(base64: &[u8]) -> Result<(), DecodeError> {
    match base64_simd::STANDARD.check(base64) {
        Ok(()) => Ok(()),
        // For the error, with its offset.
        Err(_) => STANDARD.decode(base64).map(drop),
    }
}

/// An entry by itself, where there are few of them.
#[derive(Debug)]
pub struct Owned(pub Entry);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawEntry::deserialize(deserializer)?
            .pack(&mut Vec::new())
            .map(Owned)
    }
}
