//! Reuse of known entries: what did not change stays the same allocation.

use super::non_utf8::{NonUtf8Keys, REPLACEMENT_START};
use crate::model::{Entry, Index, Snapshot};

/// Collects the entries of an answer, in their order, and takes equal ones from those known before.
pub(super) struct EntryReuse<'a> {
    old: &'a [Entry],
    /// The next old candidate; old and new entries are both sorted by key.
    next_old: usize,
    fresh: Vec<Entry>,
    changed: bool,
    /// Keys whose names are not UTF-8.
    left_out: NonUtf8Keys,
}

impl<'a> EntryReuse<'a> {
    /// Starts from the known entries, which are sorted by key.
    pub(super) fn new(old: &'a [Entry]) -> Self {
        EntryReuse {
            old,
            next_old: 0,
            fresh: Vec::with_capacity(old.len()),
            changed: false,
            left_out: NonUtf8Keys::default(),
        }
    }

    /// Adds the next entry of the answer.
    pub(super) fn push(&mut self, entry: Entry) {
        let may_be_non_utf8 = entry.key_has(REPLACEMENT_START);
        if may_be_non_utf8 && self.left_out.leave_out(entry.key()) {
            return;
        }
        while self
            .old
            .get(self.next_old)
            .is_some_and(|old| old.cmp_key(&entry).is_lt())
        {
            self.next_old += 1;
            self.changed = true;
        }
        match self.old.get(self.next_old) {
            Some(old) if *old == entry => {
                self.fresh.push(old.clone());
                self.next_old += 1;
            }
            _ => {
                self.fresh.push(entry);
                self.changed = true;
            }
        }
    }

    /// Returns the new entries, `None` where they equal the old ones, and the keys left out.
    pub(super) fn finish(self) -> (Option<Vec<Entry>>, NonUtf8Keys) {
        let differs = self.changed || self.fresh.len() != self.old.len();
        (differs.then_some(self.fresh), self.left_out)
    }
}

/// Brings a snapshot to `index`, with these entries where they differ.
pub(super) fn update(snapshot: &mut Snapshot, index: Index, fresh: Option<Vec<Entry>>) {
    *snapshot = match fresh {
        Some(fresh) => Snapshot::new(index, fresh),
        None => snapshot.clone().at(index),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;

    fn entry(key: &str, modified: u64) -> Entry {
        Entry::pack(&Fields {
            key,
            value: Some(b"v"),
            modified,
            ..Fields::default()
        })
    }

    fn collect(old: &[Entry], fresh: &[Entry]) -> Option<Vec<Entry>> {
        let mut reuse = EntryReuse::new(old);
        for entry in fresh {
            // Packed anew, as an answer is.
            reuse.push(Entry::pack(&entry.fields()));
        }
        reuse.finish().0
    }

    #[test]
    fn unchanged_entries_stay_the_same_allocation() {
        let old = [entry("a", 1), entry("b", 1), entry("c", 1), entry("e", 1)];
        let fresh = [entry("b", 1), entry("c", 5), entry("d", 5), entry("e", 1)];
        let new = collect(&old, &fresh).unwrap();
        assert_eq!(new, fresh);
        assert!(new[0].is_same(&old[1]));
        assert!(new[3].is_same(&old[3]));
    }

    #[test]
    fn an_answer_with_the_same_entries_changes_nothing() {
        let old = [entry("a", 1), entry("b", 1)];
        assert_eq!(collect(&old, &old), None);
        assert_eq!(collect(&[], &[]), None);
    }

    #[test]
    fn entries_that_vanish_at_the_end_are_gone() {
        let old = [entry("a", 1), entry("b", 1)];
        assert_eq!(collect(&old, &old[..1]).unwrap().len(), 1);
        assert_eq!(collect(&old, &[]), Some(Vec::new()));
    }

    #[test]
    fn names_that_are_not_utf8_are_left_out() {
        let mut reuse = EntryReuse::new(&[]);
        reuse.push(entry("a\u{fffd}", 1));
        reuse.push(entry("b", 1));
        let (entries, left_out) = reuse.finish();
        assert!(left_out.any);
        assert_eq!(entries.unwrap().len(), 1);
    }
}
