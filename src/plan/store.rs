//! What a plan is compared with: the entries of its scope, and of desired keys outside it.

use super::read_all;
use crate::consul::{Client, Consistency, Error, Lookup};
use crate::model::{Desired, Entry, Index, Key, Prefix, Snapshot};

/// Why the store could not be read as a whole.
#[derive(Debug)]
pub enum StoreError {
    /// Consul gave no answer.
    Consul(Error),
    /// The listing is cut down by ACLs: what it lacks may exist.
    Filtered,
    /// These keys may not be read.
    Hidden(Vec<Key>),
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        StoreError::Consul(error)
    }
}

/// Reads all entries of the scope by one listing each, and the desired keys outside it by transactions.
/// A stale answer is never used.
///
/// # Errors
/// When Consul gives no answer, or not all of it.
pub fn read_store(
    client: &Client,
    scope: &[Prefix],
    desired: &[Desired],
) -> Result<Snapshot, StoreError> {
    let client = client.with_consistency(match client.config().consistency {
        Consistency::Stale => Consistency::Default,
        other => other,
    });
    let mut index = Index(0);
    let mut entries: Vec<Entry> = Vec::new();
    for prefix in widest(scope) {
        let reply = client.entries(prefix, None)?;
        let listed = reply.value.collect::<Result<Vec<_>, _>>()?;
        if reply.meta.filtered {
            return Err(StoreError::Filtered);
        }
        if listed.is_empty() {
            // Without the right to read, a listing is as empty as without keys.
            client.check_empty(prefix)?;
        }
        index = index.max(reply.meta.index.unwrap_or_default());
        entries.extend(listed);
    }
    let outside = desired.iter().filter(|desired| {
        let key = desired.key.as_str();
        !scope.iter().any(|prefix| key.starts_with(prefix.as_str()))
    });
    let outside: Vec<_> = outside.map(|desired| desired.key.clone()).collect();
    let mut hidden = Vec::new();
    for (key, found) in outside.iter().zip(read_all(&client, &outside)?) {
        match found {
            Lookup::Found(entry) => entries.push(entry),
            Lookup::Missing => {}
            Lookup::Denied => hidden.push(key.clone()),
        }
    }
    match hidden.is_empty() {
        true => Ok(Snapshot::new(index, entries)),
        false => Err(StoreError::Hidden(hidden)),
    }
}

/// Returns the prefixes that no other one of them covers.
fn widest(scope: &[Prefix]) -> impl Iterator<Item = &Prefix> {
    scope
        .iter()
        .enumerate()
        .filter(|(number, prefix)| {
            let covers = |(other, wider): (usize, &Prefix)| {
                prefix.as_str().starts_with(wider.as_str())
                    && (wider.as_str().len() < prefix.as_str().len() || other < *number)
            };
            !scope.iter().enumerate().any(covers)
        })
        .map(|(_, prefix)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_within_another_is_not_listed_again() {
        let scope = ["a/b/", "c/", "a/", "c/", "ab/"].map(Prefix::new);
        let listed: Vec<_> = widest(&scope).map(Prefix::as_str).collect();
        assert_eq!(listed, ["c/", "a/", "ab/"]);
    }
}
