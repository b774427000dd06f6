//! Sorted keys as the rows of a tree that is folded by folder.

use std::ops::Range;

use crate::model::Entry;

/// A row of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Row {
    /// A folder, the entries below it, and whether they are shown.
    Folder {
        /// The place of the first entry below it.
        entries: Range<usize>,
        /// The length of its name, which each key below it begins with.
        length: usize,
        depth: usize,
        open: bool,
    },
    /// A key.
    Key { entry: usize, depth: usize },
}

impl Row {
    /// The name: of a folder with its slash, of a key the key.
    pub(super) fn name<'a>(&self, entries: &'a [Entry]) -> &'a str {
        match self {
            Row::Folder {
                entries: range,
                length,
                ..
            } => &entries[range.start].key()[..*length],
            Row::Key { entry, .. } => entries[*entry].key(),
        }
    }

    /// How deep it stands.
    pub(super) fn depth(&self) -> usize {
        match self {
            Row::Folder { depth, .. } | Row::Key { depth, .. } => *depth,
        }
    }

    pub(super) fn is_folder(&self) -> bool {
        matches!(self, Row::Folder { .. })
    }
}

/// Returns the rows of the entries, which are sorted by key and begin with `base` bytes that are not shown.
/// Not recursive: a key may have as many folders as bytes.
pub(super) fn rows(entries: &[Entry], base: usize, is_open: impl Fn(&str) -> bool) -> Vec<Row> {
    let mut rows = Vec::new();
    // The open folders around the next entry: their ends, and the lengths of their names.
    let mut around: Vec<(usize, usize)> = Vec::new();
    let mut next = 0;
    while next < entries.len() {
        while around.last().is_some_and(|(end, _)| *end <= next) {
            around.pop();
        }
        let (end, start) = around.last().copied().unwrap_or((entries.len(), base));
        let depth = around.len();
        let key = entries[next].key();
        let slash = key.get(start..).and_then(|rest| rest.find('/'));
        let Some(slash) = slash else {
            rows.push(Row::Key { entry: next, depth });
            next += 1;
            continue;
        };
        let length = start + slash + 1;
        let folder = &key[..length];
        let below = entries[next..end].partition_point(|entry| entry.key().starts_with(folder));
        let range = next..next + below;
        let open = is_open(folder);
        rows.push(Row::Folder {
            entries: range.clone(),
            length,
            depth,
            open,
        });
        match open {
            true => around.push((range.end, length)),
            false => next = range.end,
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;

    fn entries(keys: &[&str]) -> Vec<Entry> {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        keys.iter()
            .map(|key| {
                Entry::pack(&Fields {
                    key,
                    ..Fields::default()
                })
            })
            .collect()
    }

    fn drawn(keys: &[&str], base: usize, is_open: impl Fn(&str) -> bool) -> Vec<String> {
        let entries = entries(keys);
        let rows = rows(&entries, base, is_open);
        rows.iter()
            .map(|row| format!("{}{}", "  ".repeat(row.depth()), row.name(&entries)))
            .collect()
    }

    #[test]
    fn a_closed_folder_hides_what_is_below_it() {
        let keys = ["c/a", "c/d/x", "c/d/y/z", "c/e", "top"];
        assert_eq!(drawn(&keys, 0, |_| false), ["c/", "top"]);
        assert_eq!(
            drawn(&keys, 0, |folder| folder == "c/"),
            ["c/", "  c/a", "  c/d/", "  c/e", "top"]
        );
        assert_eq!(
            drawn(&keys, 2, |_| true),
            [
                "c/a",
                "c/d/",
                "  c/d/x",
                "  c/d/y/",
                "    c/d/y/z",
                "c/e",
                "top"
            ]
        );
    }

    #[test]
    fn keys_beside_a_folder_of_the_same_name_are_their_own_rows() {
        assert_eq!(
            drawn(&["c", "c-x", "c/", "c/a", "c0", "//"], 0, |_| true),
            [
                "/", "  //", "    //", "c", "c-x", "c/", "  c/", "  c/a", "c0"
            ]
        );
    }

    #[test]
    fn a_key_of_many_folders_needs_no_stack() {
        let deep = "a/".repeat(100_000);
        let entries = entries(&[&deep]);
        assert_eq!(rows(&entries, 0, |folder| folder.len() < 1000).len(), 500);
    }
}
