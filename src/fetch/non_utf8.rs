//! Keys that are left out because their names are not UTF-8.

use std::collections::BTreeSet;
use std::ops::Bound;

/// Whether a name may stand for several keys, or for one that cannot be addressed: in Consul's JSON
/// each byte that is not UTF-8 reads as U+FFFD.
pub fn is_non_utf8(key: &str) -> bool {
    key.contains(char::REPLACEMENT_CHARACTER)
}

/// What was left out. Nothing can be said about these keys, but the folders that they stand in show
/// in listings like any other.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct NonUtf8Keys {
    /// Whether there was any.
    pub(super) any: bool,
    /// The readable folders that hold some.
    folders: BTreeSet<String>,
}

impl NonUtf8Keys {
    /// Leaves this key out if it is non_utf8, and says so.
    pub(super) fn takes(&mut self, key: &str) -> bool {
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

    /// Adds what another one left out.
    pub(super) fn join(&mut self, other: NonUtf8Keys) {
        self.any |= other.any;
        self.folders.extend(other.folders);
    }

    /// Whether a folder may be listed for the sake of keys that were left out.
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
    fn a_folder_with_nothing_but_unreadable_keys_is_explained() {
        let mut left_out = NonUtf8Keys::default();
        assert!(left_out.takes("a/b/\u{fffd}/c") && left_out.takes("\u{fffd}"));
        assert!(!left_out.takes("a/c"));
        assert!(left_out.explains("a/") && left_out.explains("a/b/"));
        assert!(!left_out.explains("a/b/c/") && !left_out.explains("b/"));
    }
}
