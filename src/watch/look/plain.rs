//! The plain way: one query for the whole target.

use std::time::Duration;

use super::{Answer, Look, is_unreadable};
use crate::consul::{Block, Client, Error, Meta};
use crate::model::{Entry, Index, Key, Prefix, Snapshot, obstacle};
use crate::watch::What;

/// Fetches the whole target at each look.
pub struct Plain {
    client: Client,
    what: What,
}

impl Plain {
    /// Looks at `what` through this client.
    pub fn new(client: Client, what: What) -> Self {
        Plain { client, what }
    }

    fn key(&self, key: &Key, block: Option<Block>) -> Result<(Meta, Option<Entry>), Error> {
        // A key that a URL cannot carry cannot be waited for by name: the listing it is part of
        // can, and the client narrows that down to what begins with the key.
        if obstacle(key.as_str()).is_some() {
            let reply = self.client.entries(&Prefix::new(key.as_str()), block)?;
            let mut found = None;
            for entry in reply.value {
                let entry = entry?;
                if entry.key() == key.as_str() {
                    found = Some(entry);
                }
            }
            return Ok((reply.meta, found));
        }
        let reply = match block {
            Some(block) => self.client.get_blocking(key, block)?,
            None => self.client.get(key)?,
        };
        Ok((reply.meta, reply.value))
    }
}

impl Look for Plain {
    fn look(
        &mut self,
        seen: &mut Snapshot,
        since: Option<Index>,
        wait: Duration,
    ) -> Result<Answer, Error> {
        let block = since.map(|since| Block { since, wait });
        let mut renewal = Renewal::of(seen);
        let meta = match &self.what {
            What::Key(key) => {
                let (meta, entry) = self.key(key, block)?;
                entry.into_iter().for_each(|entry| renewal.push(entry));
                meta
            }
            What::Prefix(prefix) => {
                let reply = self.client.entries(prefix, block)?;
                for entry in reply.value {
                    renewal.push(entry?);
                }
                reply.meta
            }
        };
        let unreadable = renewal.unreadable;
        *seen = renewal.finish(meta.index.unwrap_or_default());
        Ok(Answer { meta, unreadable })
    }
}

/// A new snapshot in the making, which takes what did not change from the old one.
struct Renewal<'a> {
    old: &'a Snapshot,
    /// Where the old snapshot's next candidate stands: both run by key.
    at: usize,
    fresh: Vec<Entry>,
    changed: bool,
    unreadable: bool,
}

impl<'a> Renewal<'a> {
    fn of(old: &'a Snapshot) -> Self {
        Renewal {
            old,
            at: 0,
            fresh: Vec::with_capacity(old.len()),
            changed: false,
            unreadable: false,
        }
    }

    fn push(&mut self, entry: Entry) {
        if is_unreadable(entry.key()) {
            self.unreadable = true;
            return;
        }
        let olds = self.old.entries();
        while olds.get(self.at).is_some_and(|old| old.key() < entry.key()) {
            self.at += 1;
            self.changed = true;
        }
        match olds.get(self.at) {
            Some(old) if *old == entry => {
                self.fresh.push(old.clone());
                self.at += 1;
            }
            _ => {
                self.fresh.push(entry);
                self.changed = true;
            }
        }
    }

    fn finish(self, index: Index) -> Snapshot {
        if self.changed || self.fresh.len() != self.old.len() {
            Snapshot::new(index, self.fresh)
        } else {
            self.old.clone().at(index)
        }
    }
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

    fn renewed(old: &Snapshot, fresh: &[Entry]) -> Snapshot {
        let mut renewal = Renewal::of(old);
        for entry in fresh {
            // Packed anew, as an answer is.
            renewal.push(Entry::pack(&entry.fields()));
        }
        renewal.finish(Index(9))
    }

    #[test]
    fn unchanged_entries_stay_the_same_allocation() {
        let old = Snapshot::new(
            Index(1),
            vec![entry("a", 1), entry("b", 1), entry("c", 1), entry("e", 1)],
        );
        let fresh = [entry("b", 1), entry("c", 5), entry("d", 5), entry("e", 1)];
        let new = renewed(&old, &fresh);
        assert_eq!(new.entries(), fresh);
        assert_eq!(new.index(), Index(9));
        assert!(new.entries()[0].is_same(&old.entries()[1]));
        assert!(new.entries()[3].is_same(&old.entries()[3]));
    }

    #[test]
    fn an_answer_with_the_same_entries_keeps_the_whole_list() {
        let old = Snapshot::new(Index(1), vec![entry("a", 1), entry("b", 1)]);
        let new = renewed(&old, old.entries());
        assert!(std::ptr::eq(new.entries(), old.entries()));
        assert_eq!(new.index(), Index(9));
    }

    #[test]
    fn entries_that_vanish_at_the_end_are_gone() {
        let old = Snapshot::new(Index(1), vec![entry("a", 1), entry("b", 1)]);
        assert_eq!(renewed(&old, &[entry("a", 1)]).len(), 1);
        assert!(renewed(&old, &[]).is_empty());
    }

    #[test]
    fn names_that_are_not_utf8_are_left_out() {
        let old = Snapshot::default();
        let mut renewal = Renewal::of(&old);
        renewal.push(entry("a\u{fffd}", 1));
        renewal.push(entry("b", 1));
        assert!(renewal.unreadable);
        assert_eq!(renewal.finish(Index(2)).len(), 1);
    }
}
