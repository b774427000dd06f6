//! The variables by which a handler's environment describes its batch. Values never become part of
//! a command line, and what does not fit into a variable is in the document on stdin.

use std::ffi::OsString;

use crate::model::{Batch, Change, Entry, Index};
use crate::output::json;

/// All variables that kvw sets: the handler of a kvw that is itself run by a handler must not find
/// those of the outer one.
pub(super) const NAMES: [&str; 10] = [
    "KVW_REASON",
    "KVW_INDEX",
    "KVW_COUNT",
    "KVW_KEYS",
    "KVW_TRUNCATED",
    "KVW_EVENT",
    "KVW_KEY",
    "KVW_VALUE",
    "KVW_OLD_VALUE",
    "CONSUL_INDEX",
];

/// The size of `KVW_KEYS` in bytes from which on it is left out. Linux takes 128 KiB a variable,
/// name and end included; arguments and all variables
/// together may take a quarter of the stack, most of which is left to other variables.
const MOST_KEYS: usize = 96 * 1024;

/// The size of a value in bytes from which on it is not passed in a variable.
const MOST_VALUE: usize = 32 * 1024;

/// Returns the variables of a batch; `index` is that of Consul's last answer. With `each` also
/// those of its one change.
pub(super) fn variables(batch: &Batch, index: Index, each: bool) -> Vec<(OsString, OsString)> {
    let mut variables = vec![
        ("KVW_REASON", json::reason_name(batch.reason).to_owned()),
        ("KVW_INDEX", batch.index().to_string()),
        ("KVW_COUNT", batch.changes.len().to_string()),
        ("CONSUL_INDEX", index.to_string()),
        keys(batch).map_or(("KVW_TRUNCATED", "1".to_owned()), |keys| ("KVW_KEYS", keys)),
    ];
    if let (true, [change]) = (each, &batch.changes[..]) {
        variables.extend(change_variables(change));
    }
    variables
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn change_variables(change: &Change) -> impl Iterator<Item = (&'static str, String)> {
    let text = |entry: &Option<Entry>| entry.as_ref().and_then(short_text);
    [
        (
            "KVW_EVENT",
            Some(json::event_name(change.kind()).to_owned()),
        ),
        (
            "KVW_KEY",
            Some(change.key().to_owned()).filter(|key| !key.contains('\0')),
        ),
        ("KVW_VALUE", text(&change.after)),
        ("KVW_OLD_VALUE", text(&change.before)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
}

fn short_text(entry: &Entry) -> Option<String> {
    let value = Some(entry.value())
        .filter(|value| entry.value_known() && value.len() <= MOST_VALUE && !value.contains(&0))?;
    std::str::from_utf8(value).ok().map(str::to_owned)
}

/// Returns the changed keys, one a line; `None` where a line would not be a key or all are too
/// long.
fn keys(batch: &Batch) -> Option<String> {
    let mut keys = String::new();
    for (number, change) in batch.changes.iter().enumerate() {
        let key = change.key();
        if key.contains(['\n', '\0']) || keys.len() + key.len() >= MOST_KEYS {
            return None;
        }
        if number > 0 {
            keys.push('\n');
        }
        keys.push_str(key);
    }
    Some(keys)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::model::{Continuity, Reason, TargetId};

    fn change(key: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> Change {
        Change {
            target: TargetId(0),
            before: before.map(|value| Entry::sample(key, value)),
            after: after.map(|value| Entry::sample(key, value)),
            index: Index(7),
            seen: SystemTime::UNIX_EPOCH,
            continuity: Continuity::Kept,
        }
    }

    fn lines(changes: Vec<Change>, each: bool) -> Vec<String> {
        let reason = Reason::Change;
        variables(&Batch { reason, changes }, Index(9), each)
            .into_iter()
            .map(|(name, value)| format!("{}={}", name.to_str().unwrap(), value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn a_batch_is_described_by_reason_index_count_and_keys() {
        let changes = vec![change("a", None, Some(b"1")), change("b", Some(b"1"), None)];
        assert_eq!(
            lines(changes, false),
            [
                "KVW_REASON=change",
                "KVW_INDEX=7",
                "KVW_COUNT=2",
                "CONSUL_INDEX=9",
                "KVW_KEYS=a\nb"
            ]
        );
    }

    #[test]
    fn a_single_change_is_described_whole() {
        let each = |change| lines(vec![change], true).split_off(5);
        assert_eq!(
            each(change("a", Some(b"old"), Some(b"new"))),
            [
                "KVW_EVENT=update",
                "KVW_KEY=a",
                "KVW_VALUE=new",
                "KVW_OLD_VALUE=old"
            ]
        );
        assert_eq!(
            each(change("a", Some(b"old"), None)),
            ["KVW_EVENT=delete", "KVW_KEY=a", "KVW_OLD_VALUE=old"]
        );
    }

    #[test]
    fn a_value_that_is_no_short_text_is_left_to_the_document() {
        for value in [&b"\xff"[..], b"a\0b", &[b'x'; MOST_VALUE + 1]] {
            let variables = lines(vec![change("a", None, Some(value))], true);
            assert!(!variables.iter().any(|one| one.starts_with("KVW_VALUE")));
        }
    }

    #[test]
    fn keys_that_do_not_fit_are_left_out_and_marked_as_truncated() {
        let many = (0..3).map(|n| change(&format!("{n}{}", "x".repeat(40_000)), None, Some(b"")));
        for changes in [many.collect(), vec![change("a\nb", None, Some(b""))]] {
            let variables = lines(changes, false);
            assert!(variables.contains(&"KVW_TRUNCATED=1".to_owned()));
            assert!(!variables.iter().any(|one| one.starts_with("KVW_KEYS")));
        }
        let variables = lines(vec![change("a\0b", None, Some(b""))], true);
        assert!(!variables.iter().any(|one| one.starts_with("KVW_KEY=")));
    }

    #[test]
    fn every_variable_that_is_set_is_one_that_is_withheld_from_the_outside() {
        let variables = lines(vec![change("a", Some(b"1"), Some(b"2"))], true);
        for one in variables.iter().chain(&["KVW_TRUNCATED=1".to_owned()]) {
            assert!(NAMES.contains(&one.split_once('=').unwrap().0), "{one}");
        }
    }
}
