//! Several keys read at one moment.

use super::kv::refused;
use super::{Client, Error, ErrorClass};
use crate::model::{Entry, Index, Key, Op, OpError, OpErrorKind, TxnOutcome, results};

/// What a read of one key found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It is there.
    Entry(Entry),
    /// It is not.
    Missing,
    /// The token may not read it.
    Denied,
}

/// Reads keys by transactions, and remembers what the server understands.
pub struct MultiGet<'a> {
    client: &'a Client,
    or_empty: bool,
}

impl<'a> MultiGet<'a> {
    /// A reader that has asked nothing yet.
    pub fn new(client: &'a Client) -> Self {
        MultiGet {
            client,
            or_empty: true,
        }
    }

    /// What stands under each key, all seen at one moment. More keys than a transaction may hold
    /// are the server's error.
    ///
    /// Servers before 1.14 have no `get-or-empty`: there a missing key rolls the transaction back
    /// and is left out of the next one, and a plain read of it tells whether it may be read.
    pub fn read(&mut self, keys: &[Key]) -> Result<Vec<Lookup>, Error> {
        let seen = self.look(keys)?.into_iter().zip(keys);
        let seen = seen.map(|(seen, key)| match seen {
            Some(seen) => Ok(seen),
            None => match self.client.get(key) {
                Err(error) if error.outcome() == ErrorClass::Denied => Ok(Lookup::Denied),
                Err(error) => Err(error),
                Ok(_) => Ok(Lookup::Missing),
            },
        });
        seen.collect()
    }

    /// The entries that exist and may be read, all seen at one moment.
    pub fn present(&mut self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Error> {
        let seen = self.look(keys)?.into_iter();
        let entries = seen.map(|seen| match seen {
            Some(Lookup::Entry(entry)) => Some(entry),
            _ => None,
        });
        Ok(entries.collect())
    }

    /// What stands under each key; `None` where it does not exist or may not be read.
    fn look(&mut self, keys: &[Key]) -> Result<Vec<Option<Lookup>>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if self.or_empty {
            let ops = keys.iter().cloned().map(|key| Op::GetOrEmpty { key });
            let ops: Vec<_> = ops.collect();
            match self.client.txn(&ops)? {
                TxnOutcome::Applied(entries) => {
                    return Ok(aligned(&ops, entries).into_iter().map(Some).collect());
                }
                TxnOutcome::RolledBack(_) => self.or_empty = false,
            }
        }
        let mut seen = vec![None; keys.len()];
        self.look_for_present(keys, &mut seen)?;
        Ok(seen)
    }

    /// Reads the keys that exist; those that do not stay `None`.
    fn look_for_present(&self, keys: &[Key], seen: &mut [Option<Lookup>]) -> Result<(), Error> {
        let mut asked: Vec<usize> = (0..keys.len()).collect();
        while !asked.is_empty() {
            let ops: Vec<_> = asked
                .iter()
                .map(|at| Op::Get {
                    key: keys[*at].clone(),
                })
                .collect();
            let errors = match self.client.txn(&ops)? {
                TxnOutcome::Applied(entries) => {
                    for (at, found) in asked.iter().zip(aligned(&ops, entries)) {
                        seen[*at] = Some(found);
                    }
                    return Ok(());
                }
                TxnOutcome::RolledBack(errors) => errors,
            };
            let failed = |op: usize| errors.iter().find(|error| error.op == op);
            let mut left = Vec::new();
            for (op, at) in asked.iter().copied().enumerate() {
                match failed(op).map(|error| error.kind) {
                    None => left.push(at),
                    Some(OpErrorKind::Missing) => {}
                    Some(OpErrorKind::Denied) => seen[at] = Some(Lookup::Denied),
                    Some(_) => return Err(self.refused(&ops, &errors)),
                }
            }
            if left.len() == asked.len() {
                return Err(self.refused(&ops, &errors));
            }
            asked = left;
        }
        Ok(())
    }

    /// A rollback for another reason than a key that is missing or may not be read.
    fn refused(&self, ops: &[Op], errors: &[OpError]) -> Error {
        let error = errors.first();
        let name = error.and_then(|error| ops.get(error.op)).map(Op::name);
        let doing = format!("reading key {}", name.unwrap_or_default());
        let reason = error.map(|error| (error.kind, &*error.what));
        refused(&self.client.context(doing, false), reason)
    }
}

/// What each operation saw. Entries that may not be read are left out of the answer in silence; a
/// missing one comes as a blank, made at index 0.
fn aligned(ops: &[Op], entries: Vec<Entry>) -> Vec<Lookup> {
    let mut seen = vec![Lookup::Denied; ops.len()];
    for result in results(ops, entries) {
        seen[result.op] = match result.entry.created() {
            Index(0) => Lookup::Missing,
            _ => Lookup::Entry(result.entry),
        };
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;

    #[test]
    fn a_blank_is_missing_and_what_is_left_out_is_denied() {
        let keys = ["a", "b", "c"].map(|key| Key::new(key).unwrap());
        let ops = keys.map(|key| Op::GetOrEmpty { key });
        let entry = |key, created| {
            Entry::pack(&Fields {
                key,
                value: Some(b""),
                created,
                ..Fields::default()
            })
        };
        let seen = aligned(&ops, vec![entry("a", 0), entry("c", 7)]);
        assert_eq!(
            seen,
            [
                Lookup::Missing,
                Lookup::Denied,
                Lookup::Entry(entry("c", 7))
            ]
        );
    }
}
