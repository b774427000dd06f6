//! How the keys of a document become those that are written: `--strip` and `--prefix`.

use crate::exit::Failure;
use crate::model::{Exported, Key, Obstacle, abbreviate, obstacle};
use crate::term::Ui;

/// How the keys of a document become those that are written.
#[derive(Debug, Clone, Default)]
pub struct KeyMapping {
    /// The prefix that each key must have, and that is removed.
    pub strip: String,
    /// The prefix that is prepended to each key.
    pub prefix: String,
    /// Whether keys may be made that other clients cannot address.
    pub exact: bool,
}

/// An entry to import, with its new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportEntry {
    /// The new key.
    pub key: Key,
    /// The value.
    pub value: Vec<u8>,
    /// The application-defined number.
    pub flags: u64,
}

impl KeyMapping {
    /// Converts an entry to one with its new key; `None` if that is empty.
    pub fn import_entry(&self, entry: Exported) -> Result<Option<ImportEntry>, String> {
        let Some(rest) = entry.key.strip_prefix(&*self.strip) else {
            let (key, strip) = (abbreviate(&entry.key), &self.strip);
            return Err(format!(
                "key {key} does not start with {strip}, see --strip"
            ));
        };
        let key = Key::new(format!("{}{rest}", self.prefix));
        Ok(key.ok().map(|key| ImportEntry {
            key,
            value: entry.value,
            flags: entry.flags,
        }))
    }

    /// Checks what the flags make of a key: its prefix, and where that meets the rest. Segments that
    /// stand in the document stay as they are.
    pub fn check(&self, key: &str) -> Result<(), Failure> {
        if self.exact || (self.strip.is_empty() && self.prefix.is_empty()) {
            return Ok(());
        }
        let Some(rest) = key.strip_prefix(&*self.strip) else {
            return Ok(());
        };
        let new = format!("{}{rest}", self.prefix);
        let Some(found) = self.obstacle_before(rest) else {
            return Ok(());
        };
        let (key, shown) = (abbreviate(key), abbreviate(&new));
        let consequence = match found {
            Obstacle::Unprintable => "other clients of Consul cannot address it",
            _ => "other clients of Consul would take it for another key",
        };
        let failure = Failure::usage(format!(
            "key {key} becomes '{shown}', which {found}: {consequence}"
        ));
        Err(failure.hint(self.suggestion(key.len() > rest.len() && rest.starts_with('/'))))
    }

    /// Returns the obstacle that the prefix has, or makes with the first segment of the rest where
    /// that is no longer the segment of the document.
    fn obstacle_before(&self, rest: &str) -> Option<Obstacle> {
        let ends_segment = |name: &str| name.is_empty() || name.ends_with('/');
        if ends_segment(&self.strip) && ends_segment(&self.prefix) {
            return obstacle(&self.prefix);
        }
        let first = rest.split_inclusive('/').next().unwrap_or_default();
        let found = obstacle(&format!("{}{first}", self.prefix));
        found.filter(|found| {
            *found != Obstacle::Unprintable || obstacle(&self.prefix) == Some(Obstacle::Unprintable)
        })
    }

    /// Shows what a `--prefix` or `--strip` without its `/` makes of the first key.
    pub fn note_first_key(&self, ui: &Ui, first: &str) {
        for flag in self.flags_without_slash() {
            let first = abbreviate(first);
            ui.status(format!(
                "note: {flag} does not end in /: the first key is {first}"
            ));
        }
    }

    fn suggestion(&self, strip_lacks_slash: bool) -> String {
        let allow = "--exact-key allows this key";
        if strip_lacks_slash {
            format!("did you mean --strip {}/? {allow}", self.strip)
        } else {
            allow.to_owned()
        }
    }

    /// The flags that end in the middle of a folder's name, if `--prefix` or `--strip` does not end
    /// in `/`.
    fn flags_without_slash(&self) -> Vec<String> {
        let flags = [("--strip", &self.strip), ("--prefix", &self.prefix)];
        let flags = flags.into_iter();
        let open = flags.filter(|(_, name)| !name.is_empty() && !name.ends_with('/'));
        open.map(|(flag, name)| format!("{flag} {}", abbreviate(name)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(strip: &str, prefix: &str) -> KeyMapping {
        KeyMapping {
            strip: strip.to_owned(),
            prefix: prefix.to_owned(),
            exact: false,
        }
    }

    #[test]
    fn new_keys_must_be_ones_that_other_clients_can_address() {
        for (strip, prefix, key) in [
            ("config", "x/", "config/db"),
            ("", "/x/", "a"),
            ("", "x//", "a"),
            ("", "x/../", "a"),
            ("a", "", "a/b"),
            ("a", ".", "a/b"),
            ("", "//w/", "a//b"),
            ("", "../w/", "a//b"),
            ("a", "x/", "a//b"),
            ("a", "", "a//b"),
            ("", "x\t/", "a\tb"),
            ("", ".", "./a"),
        ] {
            let refused = mapped(strip, prefix).check(key).is_err();
            assert!(refused, "{strip} {prefix} {key}");
            let exact = KeyMapping {
                exact: true,
                ..mapped(strip, prefix)
            };
            assert!(exact.check(key).is_ok());
        }
        for (strip, prefix, key) in [
            ("config/", "x/", "config/db"),
            ("config", "x", "config/db"),
            ("", "x", "config/db"),
            ("", "", "a//b"),
            ("a", "", "b"),
            // What stands so in the document stays as it is.
            ("", "x/", "./a"),
            ("", "x/", "/a"),
            ("", "x/", "a//b"),
            ("", ".", "a//b"),
            ("", "x", "a\tb"),
            ("a/", "x/", "a//b"),
        ] {
            assert!(
                mapped(strip, prefix).check(key).is_ok(),
                "{strip} {prefix} {key}"
            );
        }
    }
}
