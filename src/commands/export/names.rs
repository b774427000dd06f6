//! `kvw export -o yaml|properties`

use std::io::{self, Write};

use super::format::ExportFormat;
use crate::exit::Failure;
use crate::model::{Entry, Prefix, abbreviate};
use crate::output::tree_text::{check_properties, check_yaml, write_properties, write_yaml};

/// Entries that a document of names holds.
pub struct NamedEntries<'a> {
    entries: Vec<(&'a str, &'a Entry)>,
    format: ExportFormat,
    /// The empty folder keys that it leaves out.
    pub folders: u64,
}

impl<'a> NamedEntries<'a> {
    /// Checks that the format can say everything. Empty folder keys are left out: they mean nothing, and
    /// the user interface makes them.
    ///
    /// # Errors
    /// Exit 2, naming the first key that it cannot say.
    pub fn check(
        entries: &'a [Entry],
        strip: &Prefix,
        format: ExportFormat,
    ) -> Result<Self, Failure> {
        let mut named = NamedEntries {
            entries: Vec::with_capacity(entries.len()),
            format,
            folders: 0,
        };
        for entry in entries {
            let name = strip.strip_from(entry.key());
            let is_folder = name.is_empty() || name.ends_with('/');
            if is_folder && entry.value().is_empty() && entry.flags() == 0 {
                named.folders += 1;
                continue;
            }
            let checked = match format {
                ExportFormat::Properties => check_properties(name, entry),
                _ => check_yaml(name, entry),
            };
            checked.map_err(|reason| {
                let key = abbreviate(entry.key());
                let failure = Failure::usage(format!("key {key} cannot be exported so: {reason}"));
                failure.hint("-o json and --to-dir hold every key")
            })?;
            named.entries.push((name, entry));
        }
        named.entries.sort_unstable_by_key(|(name, _)| *name);
        Ok(named)
    }

    /// Writes the document.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        match self.format {
            ExportFormat::Properties => write_properties(&mut out, &self.entries),
            _ => write_yaml(&mut out, &self.entries),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::model::Fields;
    use crate::sources::{SourceFormat, SourceOptions, parse};

    fn key() -> impl Strategy<Value = String> {
        let parts = prop::sample::select(vec![
            "a", "b", "a.b", "no", "1", "01", "", "<<", "- x", "#", "!", "a: b", "x y ", " x", "=",
            "ü", "\u{202e}", "\\u0041", "\"", "'", "~", "?", "&a", "*a", "%", "@", "`", "\t",
            "a\nb", "😀", "{", "[]", "|", ">",
        ]);
        prop::collection::vec(parts, 1..5)
            .prop_map(|parts| parts.join("/"))
            .prop_filter("a name", |key| {
                !key.is_empty() && !key.starts_with('/') && !key.ends_with('/')
            })
    }

    fn text() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "a", "\n", "\r", "\t", " ", "#", ": ", "- ", "'", "\"", "\\", "\0", "ü", "\u{85}",
            "\u{feff}", "\u{2028}", "😀", "\u{7f}", "null", "1.10", "---", "...", "\u{ffff}", "%",
            "=", "\u{c}", "\u{1b}", "!",
        ]);
        prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
    }

    fn read_back(
        entries: &BTreeMap<String, Vec<u8>>,
        format: ExportFormat,
        source: SourceFormat,
    ) -> Result<(), TestCaseError> {
        let packed: Vec<_> = entries
            .iter()
            .map(|(key, value)| {
                Entry::pack(&Fields {
                    key: &format!("p/{key}"),
                    value: Some(value),
                    ..Fields::default()
                })
            })
            .collect();
        let named = NamedEntries::check(&packed, &Prefix::new("p/"), format).unwrap();
        let mut text = Vec::new();
        named.write(&mut text).unwrap();
        let shown = String::from_utf8_lossy(&text).into_owned();
        let read = parse(source, &text, Path::new("x"), &SourceOptions::default());
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}\n{shown}")))?;
        let read: BTreeMap<_, _> = read
            .into_iter()
            .map(|entry| (entry.key.to_string(), entry.value.unwrap()))
            .collect();
        prop_assert_eq!(&read, entries, "{}", shown);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

        /// Any entries that YAML can say → YAML → the same entries.
        #[test]
        fn yaml_is_read_back_as_it_was(
            texts in prop::collection::btree_map(key(), text(), 0..12),
            binary in prop::collection::vec(any::<u8>(), 0..5),
        ) {
            let mut entries: BTreeMap<_, _> =
                texts.into_iter().map(|(key, text)| (key, text.into_bytes())).collect();
            entries.insert("binary".to_owned(), binary);
            read_back(&entries, ExportFormat::Yaml, SourceFormat::Yaml)?;
        }

        /// Any entries that properties can say → properties → the same entries.
        #[test]
        fn properties_are_read_back_as_they_were(
            texts in prop::collection::btree_map(key(), text(), 0..12),
        ) {
            let entries = texts.into_iter().map(|(key, text)| (key, text.into_bytes())).collect();
            read_back(&entries, ExportFormat::Properties, SourceFormat::Properties)?;
        }
    }
}
