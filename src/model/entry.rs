//! One stored entry, packed.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A position in Consul's history. All subsystems of a cluster share it, so gaps are normal; it goes
/// backwards after a restore, on a new cluster, and when tombstones are collected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(pub u64);

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The fields of an entry, borrowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    /// The full name.
    pub key: &'a str,
    /// The value; `None` where it is not known (a state file that keeps only hashes).
    pub value: Option<&'a [u8]>,
    /// The application's 64-bit number.
    pub flags: u64,
    /// The index at which the key was created.
    pub created: u64,
    /// The index at which value, flags or lock last changed.
    pub modified: u64,
    /// The number of times that the lock was acquired; a plain write resets it to 0.
    pub locked: u64,
    /// The session that holds the lock.
    pub session: Option<&'a str>,
}

/// One stored entry in one allocation, shared by clones: a watch of 100,000 keys holds several
/// snapshots of them.
///
/// Layout: four u64 (flags, created, modified, locked), two u32 (lengths of key and session;
/// the top bit of the latter is set if the value is not known), then key, session, value.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry(Arc<[u8]>);

const HEAD: usize = 4 * 8 + 2 * 4;
const VALUE_UNKNOWN: u32 = 1 << 31;

impl Entry {
    /// Packs the fields.
    ///
    /// # Panics
    /// If key or session are 2 GiB or longer, which no answer of Consul can hold.
    pub fn pack(fields: &Fields<'_>) -> Self {
        let session = fields.session.unwrap_or("");
        let value = fields.value.unwrap_or(&[]);
        let length = |text: &str| {
            u32::try_from(text.len())
                .ok()
                .filter(|length| length & VALUE_UNKNOWN == 0)
                .expect("a request head of 1 MiB bounds every key")
        };
        let unknown = if fields.value.is_none() {
            VALUE_UNKNOWN
        } else {
            0
        };
        let mut bytes = Vec::with_capacity(HEAD + fields.key.len() + session.len() + value.len());
        let mut head = [0; HEAD];
        head[..8].copy_from_slice(&fields.flags.to_le_bytes());
        head[8..16].copy_from_slice(&fields.created.to_le_bytes());
        head[16..24].copy_from_slice(&fields.modified.to_le_bytes());
        head[24..32].copy_from_slice(&fields.locked.to_le_bytes());
        head[32..36].copy_from_slice(&length(fields.key).to_le_bytes());
        head[36..].copy_from_slice(&(length(session) | unknown).to_le_bytes());
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(fields.key.as_bytes());
        bytes.extend_from_slice(session.as_bytes());
        bytes.extend_from_slice(value);
        Entry(bytes.into())
    }

    /// Unpacks the fields.
    pub fn fields(&self) -> Fields<'_> {
        Fields {
            key: self.key(),
            value: self.value_known().then(|| self.value()),
            flags: self.flags(),
            created: self.created().0,
            modified: self.modified().0,
            locked: self.locked(),
            session: self.session(),
        }
    }

    /// The full name.
    pub fn key(&self) -> &str {
        self.text(HEAD, self.key_length())
    }

    /// Whether the key starts with the text.
    pub fn starts_with(&self, text: &str) -> bool {
        self.key_bytes().starts_with(text.as_bytes())
    }

    /// Whether the key has the byte.
    pub fn key_has(&self, byte: u8) -> bool {
        self.key_bytes().contains(&byte)
    }

    /// Compares the keys of two entries by bytes, the order of Consul's listings.
    pub fn cmp_key(&self, other: &Entry) -> Ordering {
        self.key_bytes().cmp(other.key_bytes())
    }

    /// The value; empty where it is not known, see [`Entry::value_known`].
    pub fn value(&self) -> &[u8] {
        &self.0[HEAD + self.key_length() + self.session_length()..]
    }

    /// Whether the value is known, rather than only its hash from a state file.
    pub fn value_known(&self) -> bool {
        self.u32(36) & VALUE_UNKNOWN == 0
    }

    /// The application's 64-bit number.
    pub fn flags(&self) -> u64 {
        self.u64(0)
    }

    /// The index at which the key was created.
    pub fn created(&self) -> Index {
        Index(self.u64(8))
    }

    /// The index at which value, flags or lock last changed.
    pub fn modified(&self) -> Index {
        Index(self.u64(16))
    }

    /// Consul's `LockIndex`.
    pub fn locked(&self) -> u64 {
        self.u64(24)
    }

    /// The session that holds the lock.
    pub fn session(&self) -> Option<&str> {
        let session = self.text(HEAD + self.key_length(), self.session_length());
        (!session.is_empty()).then_some(session)
    }

    /// Whether value and flags are the same. Two clones of one entry are compared by address.
    /// An entry whose value is not known has no content to compare: it equals only itself.
    pub fn same_content(&self, other: &Entry) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.flags() == other.flags()
                && self.value_known()
                && other.value_known()
                && self.value() == other.value())
    }

    /// Whether both are clones of one entry.
    pub fn is_same(&self, other: &Entry) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn key_bytes(&self) -> &[u8] {
        &self.0[HEAD..HEAD + self.key_length()]
    }

    fn key_length(&self) -> usize {
        self.u32(32) as usize
    }

    fn session_length(&self) -> usize {
        (self.u32(36) & !VALUE_UNKNOWN) as usize
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(
            self.0[at..at + 8]
                .try_into()
                .expect("the slice has eight bytes"),
        )
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(
            self.0[at..at + 4]
                .try_into()
                .expect("the slice has four bytes"),
        )
    }

    fn text(&self, at: usize, length: usize) -> &str {
        std::str::from_utf8(&self.0[at..at + length]).expect("it was packed from a str")
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().fmt(f)
    }
}

#[cfg(test)]
impl Entry {
    /// An entry with this value, for tests in which nothing else counts.
    pub fn sample(key: &str, value: impl AsRef<[u8]>) -> Self {
        Entry::pack(&Fields {
            key,
            value: Some(value.as_ref()),
            ..Fields::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Fields<'static> = Fields {
        key: "app/näme",
        value: Some(b"\x00\xff"),
        flags: u64::MAX,
        created: 8,
        modified: u64::MAX - 1,
        locked: 3,
        session: Some("3fcaf540-908c-d864-a2d0-128344422709"),
    };

    #[test]
    fn packing_loses_nothing() {
        assert_eq!(Entry::pack(&FULL).fields(), FULL);
    }

    #[test]
    fn no_session_is_none_and_an_empty_value_is_known() {
        let entry = Entry::pack(&Fields {
            key: "a",
            value: Some(b""),
            ..Fields::default()
        });
        assert_eq!(entry.session(), None);
        assert_eq!(entry.value(), b"");
        assert!(entry.value_known());
    }

    #[test]
    fn an_unknown_value_equals_no_other() {
        let unknown = Entry::pack(&Fields {
            value: None,
            ..FULL
        });
        assert!(!unknown.value_known());
        assert_eq!(unknown.session(), FULL.session);
        assert!(!unknown.same_content(&Entry::pack(&Fields {
            value: Some(b""),
            ..FULL
        })));
        assert!(unknown.same_content(&unknown.clone()));
    }

    #[test]
    fn content_is_value_and_flags_alone() {
        let entry = Entry::pack(&FULL);
        let moved = Entry::pack(&Fields {
            created: 9,
            modified: 10,
            locked: 0,
            session: None,
            ..FULL
        });
        assert!(entry.same_content(&moved));
        assert!(!entry.same_content(&Entry::pack(&Fields { flags: 1, ..FULL })));
        assert!(!entry.same_content(&Entry::pack(&Fields {
            value: Some(b"x"),
            ..FULL
        })));
    }
}
