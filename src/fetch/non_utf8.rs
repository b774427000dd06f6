//! Keys that are left out because their names are not UTF-8.

use std::collections::BTreeSet;
use std::ops::Bound;

/// The first byte of U+FFFD. Nearly all keys lack it, which is found faster than the character is.
pub(super) const REPLACEMENT_START: u8 = 0xef;

/// Whether a name may stand for several keys, or for one that cannot be addressed: in Consul's JSON
/// each byte that is not UTF-8 reads as U+FFFD.
pub fn is_non_utf8(key: &str) -> bool {
    key.as_bytes().contains(&REPLACEMENT_START) && key.contains(char::REPLACEMENT_CHARACTER)
}

/// The keys that were left out. They cannot be distinguished, but their folders show in listings like
/// any other.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct NonUtf8Keys {
    /// Whether any key was left out.
    pub(super) any: bool,
    /// Folders with UTF-8 names that hold such keys.
    folders: BTreeSet<String>,
}

impl NonUtf8Keys {
    /// Leaves `key` out if its name is not UTF-8; returns whether it did.
    pub(super) fn leave_out(&mut self, key: &str) -> bool {
        let Some(broken) = key.find(char::REPLACEMENT_CHARACTER) else {
            return false;
        };
        self.any = true;
        if let Some(slash) = key[..broken].rfind('/') {
            let folder = &key[..=slash];
            if !self.folders.contains(folder) {
                self.folders.insert(folder.to_owned());
            }
        }
        true
    }

    /// Adds the keys that `other` left out.
    pub(super) fn merge(&mut self, other: NonUtf8Keys) {
        self.any |= other.any;
        self.folders.extend(other.folders);
    }

    /// Whether keys that were left out may be the reason why `folder` is listed.
    pub(super) fn explains(&self, folder: &str) -> bool {
        let from = (Bound::Included(folder), Bound::Unbounded);
        let mut from = self.folders.range::<str, _>(from);
        from.next().is_some_and(|first| first.starts_with(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_nothing_but_non_utf8_keys_is_explained() {
        let mut left_out = NonUtf8Keys::default();
        assert!(left_out.leave_out("a/b/\u{fffd}/c") && left_out.leave_out("\u{fffd}"));
        assert!(!left_out.leave_out("a/c"));
        assert!(left_out.explains("a/") && left_out.explains("a/b/"));
        assert!(!left_out.explains("a/b/c/") && !left_out.explains("b/"));
    }
}
