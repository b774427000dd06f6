//! Parts of a snapshot: one level of names, and the branches of a radix tree.

use percent_encoding::percent_decode_str;

use super::is_non_utf8;
use crate::model::{Entry, obstacle};

/// Whether Consul can be asked about the keys that begin with `text`. Its router cleans some texts,
/// and servers from 1.22 answer 500 to blanks at the edges and to escapes within escapes.
pub(super) fn is_addressable(text: &str) -> bool {
    !is_non_utf8(text)
        && obstacle(text).is_none()
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !has_nested_escape(text)
}

/// Whether the text itself holds percent escapes of a blank or `..`. Servers from 1.22 decode it once
/// more before they check it, and refuse either.
fn has_nested_escape(text: &str) -> bool {
    let decoded = percent_decode_str(text).collect::<Vec<u8>>();
    decoded.len() < text.len()
        && (decoded.contains(&b' ') || decoded.windows(2).any(|two| two == b".."))
}

/// Returns the names that Consul lists for the first `from` bytes of these keys, which all share
/// them: each key cut behind the first `/` after those bytes, without duplicates.
pub(super) fn level_names(entries: &[Entry], from: usize) -> impl Iterator<Item = &str> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let key = rest.first()?.key();
        let Some(slash) = key[from..].find('/') else {
            rest = &rest[1..];
            return Some(key);
        };
        let folder = &key[..=from + slash];
        rest = &rest[count_leading(rest, folder)..];
        Some(folder)
    })
}

/// Counts the entries at the beginning of a sorted slice whose keys begin with `text`. Searches in
/// growing steps: a folder is small compared with the list that holds it.
fn count_leading(entries: &[Entry], text: &str) -> usize {
    let mut reach = 1;
    while reach < entries.len() && entries[reach].starts_with(text) {
        reach *= 2;
    }
    let (from, to) = (reach / 2, reach.min(entries.len()));
    from + entries[from..to].partition_point(|entry| entry.starts_with(text))
}

/// A part of the keys below a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// All keys that begin with this text.
    Branch(&'a str),
    /// This key alone, though other keys may begin with its text.
    Leaf(&'a str),
}

/// Cuts entries whose keys share their first `from` bytes where a radix tree branches. No part
/// reaches into a folder of the level below those bytes: a new name of that level shows in its
/// listing, a new name inside a folder only in the folder's own. Unaddressable parts are cut
/// further, down to single names.
pub(super) fn split(entries: &[Entry], from: usize) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut open = vec![(entries, from)];
    while let Some((entries, from)) = open.pop() {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            continue;
        };
        let shared = common_len(first.key(), last.key());
        if let Some(slash) = first.key()[from..shared].find('/') {
            parts.push(Part::Branch(&first.key()[..=from + slash]));
            continue;
        }
        let mut rest = entries;
        if first.key().len() == shared {
            parts.push(Part::Leaf(first.key()));
            rest = &rest[1..];
        }
        while let Some(next) = rest.first() {
            let char_len = next.key()[shared..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
            let (group, others) =
                rest.split_at(count_leading(rest, &next.key()[..shared + char_len]));
            rest = others;
            match group_as_part(group, shared) {
                Part::Branch(text) if !text.ends_with('/') && !is_addressable(text) => {
                    open.push((group, shared));
                }
                part => parts.push(part),
            }
        }
    }
    parts
}

fn group_as_part(group: &[Entry], from: usize) -> Part<'_> {
    let first = group[0].key();
    let shared = common_len(first, group[group.len() - 1].key());
    match first[from..shared].find('/') {
        Some(slash) => Part::Branch(&first[..=from + slash]),
        None if group.len() == 1 => Part::Leaf(first),
        None => Part::Branch(&first[..shared]),
    }
}

/// Returns the length in bytes of the beginning that two texts share, in whole characters.
fn common_len(a: &str, b: &str) -> usize {
    a.char_indices()
        .zip(b.chars())
        .find(|((_, x), y)| x != y)
        .map_or(a.len().min(b.len()), |((at, _), _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;

    fn entries(keys: &[&str]) -> Vec<Entry> {
        assert!(keys.is_sorted(), "{keys:?}");
        keys.iter()
            .map(|key| {
                Entry::pack(&Fields {
                    key,
                    ..Fields::default()
                })
            })
            .collect()
    }

    fn parts(keys: &[&str], from: usize) -> Vec<String> {
        split(&entries(keys), from)
            .into_iter()
            .map(|part| match part {
                Part::Branch(text) => format!("{text}*"),
                Part::Leaf(key) => key.to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_level_is_cut_behind_the_first_slash() {
        let keys = entries(&["a", "a-b", "a/", "a/b", "a/b/c", "b//x", "c"]);
        assert_eq!(
            level_names(&keys, 0).collect::<Vec<_>>(),
            ["a", "a-b", "a/", "b/", "c"]
        );
        assert_eq!(
            level_names(&keys[2..5], 2).collect::<Vec<_>>(),
            ["a/", "a/b", "a/b/"],
            "a folder marker lists itself"
        );
        assert_eq!(level_names(&keys[5..6], 2).collect::<Vec<_>>(), ["b//"]);
        assert_eq!(
            level_names(&keys[..5], 1).collect::<Vec<_>>(),
            ["a", "a-b", "a/"]
        );
    }

    #[test]
    fn long_folders_are_one_name_each() {
        let keys: Vec<String> = (0..5000).map(|n| format!("{}/{n:04}", n / 700)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(
            level_names(&entries(&keys), 0).collect::<Vec<_>>(),
            ["0/", "1/", "2/", "3/", "4/", "5/", "6/", "7/"]
        );
    }

    #[test]
    fn parts_branch_like_a_radix_tree() {
        assert_eq!(
            parts(
                &["d-10/a", "d-10/b", "d-11/a", "d-20/a", "d-3", "d-30", "d-4"],
                0
            ),
            ["d-1*", "d-20/*", "d-3*", "d-4"]
        );
        assert_eq!(parts(&["d-3", "d-30"], 3), ["d-3", "d-30"]);
        assert_eq!(
            parts(&["svc-1", "svc-12/a", "svc-12/b"], 0),
            ["svc-1", "svc-12/*"]
        );
    }

    #[test]
    fn a_part_never_reaches_into_a_folder() {
        assert_eq!(parts(&["a/key-1", "a/key-2"], 0), ["a/*"]);
        assert_eq!(parts(&["a/key-1", "a/key-2"], 2), ["a/key-1", "a/key-2"]);
        assert_eq!(parts(&["a/x"], 0), ["a/*"], "though it has one key only");
    }

    #[test]
    fn a_folder_marker_is_a_leaf_of_its_folder() {
        assert_eq!(parts(&["a/", "a/b", "a/c/d"], 2), ["a/", "a/b", "a/c/*"]);
        assert_eq!(parts(&["a/"], 0), ["a/*"]);
        assert_eq!(parts(&["a/"], 2), ["a/"]);
    }

    #[test]
    fn parts_end_between_characters() {
        assert_eq!(parts(&["aé", "aê", "b"], 0), ["a*", "b"]);
        assert_eq!(parts(&["aé", "aê"], 0), ["aé", "aê"]);
    }

    #[test]
    fn unaddressable_parts_are_cut_down_to_names() {
        assert_eq!(parts(&["a", "b./x", "b.c/x"], 0), ["a", "b.*"]);
        assert_eq!(
            parts(&[".git/x", ".hub/x", "a"], 0),
            ["a", ".git/*", ".hub/*"],
            "parts that are cut further come last"
        );
        assert_eq!(parts(&["a", "b c", "b d"], 0), ["a", "b c", "b d"]);
        assert_eq!(
            parts(&["a/", "a//x", "a//y", "a/b"], 2),
            ["a/", "a//*", "a/b"]
        );
    }

    #[test]
    fn texts_that_servers_clean_or_refuse_are_unaddressable() {
        for text in [
            "a//",
            "a//b",
            "a/b\tc",
            "/x",
            "a/é ",
            " a",
            "a/..",
            "x%20y",
            "x%2e%2Ey",
            "a\u{fffd}b",
        ] {
            assert!(!is_addressable(text), "{text:?}");
        }
        for text in ["", "a/", "a b", "é", "a%2Fb", "100%", "a..b", "a/.b"] {
            assert!(is_addressable(text), "{text:?}");
        }
    }
}
