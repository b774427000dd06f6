//! Reads of several keys by transactions of `get`s.
//!
//! In such a transaction a key that does not exist is named in the errors, whatever the rights,
//! and rolls it back: the others have no result, so it is repeated without the keys that
//! were named. Once no key is missing, a key without a result exists and may not be read.

use super::{Cause, Client, Error};
use crate::model::{
    Entry, Index, Key, Op, OpError, OpErrorKind, OpResult, TxnOutcome, encoded_read, groups,
    obstacle,
};

/// The result of reading one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It exists.
    Found(Entry),
    /// It does not exist.
    Missing,
    /// It may not be read.
    Denied,
}

impl Lookup {
    /// Returns the entry that was found.
    pub fn entry(self) -> Option<Entry> {
        match self {
            Lookup::Found(entry) => Some(entry),
            Lookup::Missing | Lookup::Denied => None,
        }
    }
}

/// The requests that keys are read by. A trait, so that the rules are tested without a network.
trait KeyReader {
    /// Runs a transaction.
    fn txn(&self, ops: &[Op]) -> Result<TxnOutcome, Error>;

    /// Reads one key.
    fn get(&self, key: &Key) -> Result<Option<Entry>, Error>;

    /// Turns a rollback into an error.
    fn rolled_back(&self, ops: &[Op], errors: &[OpError]) -> Error;
}

impl KeyReader for Client {
    fn txn(&self, ops: &[Op]) -> Result<TxnOutcome, Error> {
        Client::txn(self, ops)
    }

    fn get(&self, key: &Key) -> Result<Option<Entry>, Error> {
        Ok(Client::get(self, key)?.value)
    }

    fn rolled_back(&self, ops: &[Op], errors: &[OpError]) -> Error {
        Client::rolled_back(self, ops, errors)
    }
}

/// Reads keys by transactions, and remembers what the server has refused.
pub struct MultiGet<'a> {
    reader: &'a dyn KeyReader,
    /// Whether the server may know `get-or-empty`, which servers from 1.14 do.
    or_empty: bool,
    /// Whether the agent may take transactions, which are PUTs (`allow_write_http_from`).
    takes_put: bool,
}

impl<'a> MultiGet<'a> {
    /// A reader that has asked nothing yet.
    pub fn new(client: &'a Client) -> Self {
        MultiGet::with(client)
    }

    fn with(reader: &'a dyn KeyReader) -> Self {
        MultiGet {
            reader,
            or_empty: true,
            takes_put: true,
        }
    }

    /// Reads the keys in one transaction, so that all are seen at one moment. On servers before
    /// 1.14 a missing key costs a second request, which tells whether it may be read.
    ///
    /// # Errors
    /// [`Cause::TooLarge`] for more keys than a transaction may hold.
    pub fn read(&mut self, keys: &[Key]) -> Result<Vec<Lookup>, Error> {
        if let Some(lookups) = self.read_or_empty(keys)? {
            return Ok(lookups);
        }
        let lookups = self.settle(keys)?.into_iter().zip(keys);
        let lookups = lookups.map(|(lookup, key)| match lookup? {
            Lookup::Missing => Ok(match self.read_alone(key)? {
                Lookup::Denied => Lookup::Denied,
                Lookup::Missing | Lookup::Found(_) => Lookup::Missing,
            }),
            lookup => Ok(lookup),
        });
        lookups.collect()
    }

    /// Reads the entries that exist and may be read, in one transaction.
    ///
    /// # Errors
    /// Those of [`MultiGet::read`].
    pub fn present(&mut self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Error> {
        let lookups = match self.read_or_empty(keys)? {
            Some(lookups) => lookups,
            None => self.settle(keys)?.into_iter().collect::<Result<_, _>>()?,
        };
        Ok(lookups.into_iter().map(Lookup::entry).collect())
    }

    /// Finds out whether each key exists, without any right to read it, in as many transactions as
    /// it takes. `None` where Consul gives no answer about the name.
    ///
    /// # Errors
    /// When Consul does not answer: then nothing is proven.
    pub fn prove(&mut self, keys: &[Key]) -> Result<Vec<Option<Lookup>>, Error> {
        let mut proven = Vec::with_capacity(keys.len());
        for group in groups(keys.iter().cloned(), |key| encoded_read(key.as_str())) {
            self.prove_group(&group, &mut proven)?;
        }
        Ok(proven)
    }

    fn prove_group(&mut self, keys: &[Key], proven: &mut Vec<Option<Lookup>>) -> Result<(), Error> {
        if !self.takes_put {
            return self.prove_one_by_one(keys, proven);
        }
        match self.settle(keys) {
            Ok(lookups) => proven.extend(lookups.into_iter().map(Result::ok)),
            // Reads in a transaction are filtered, not refused: it is the PUT that is.
            Err(error) if error.cause() == Cause::Denied => {
                self.takes_put = false;
                self.prove_one_by_one(keys, proven)?;
            }
            // Newer servers refuse a whole transaction for one name (a leading `/`, an edge space,
            // `..`).
            Err(error) if matches!(error.cause(), Cause::Refused | Cause::TooLarge) => match keys {
                [] | [_] => proven.extend(keys.iter().map(|_| None)),
                keys => {
                    let (first, second) = keys.split_at(keys.len() / 2);
                    self.prove_group(first, proven)?;
                    self.prove_group(second, proven)?;
                }
            },
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Proves by one GET per key, which answers 404 only to a token that may read the key.
    fn prove_one_by_one(
        &self,
        keys: &[Key],
        proven: &mut Vec<Option<Lookup>>,
    ) -> Result<(), Error> {
        for key in keys {
            proven.push(match obstacle(key.as_str()) {
                None => Some(self.read_alone(key)?),
                Some(_) => None,
            });
        }
        Ok(())
    }

    fn read_alone(&self, key: &Key) -> Result<Lookup, Error> {
        match self.reader.get(key) {
            Ok(Some(entry)) => Ok(Lookup::Found(entry)),
            Ok(None) => Ok(Lookup::Missing),
            Err(error) if error.cause() == Cause::Denied => Ok(Lookup::Denied),
            Err(error) => Err(error),
        }
    }

    /// Reads the keys by `get-or-empty`; `None` on servers that do not know it.
    fn read_or_empty(&mut self, keys: &[Key]) -> Result<Option<Vec<Lookup>>, Error> {
        if keys.is_empty() {
            return Ok(Some(Vec::new()));
        }
        if !self.or_empty {
            return Ok(None);
        }
        let ops = keys.iter().cloned().map(|key| Op::GetOrEmpty { key });
        let ops: Vec<_> = ops.collect();
        Ok(match self.reader.txn(&ops)? {
            TxnOutcome::Applied(results) => Some(lookups(ops.len(), results)),
            TxnOutcome::RolledBack(_) => {
                self.or_empty = false;
                None
            }
        })
    }

    /// Reads the keys by `get`s: [`Lookup::Missing`] is a key that does not exist, whether it may
    /// be read or not. An error in place of a lookup is the reason why that key was not read.
    fn settle(&self, keys: &[Key]) -> Result<Vec<Result<Lookup, Error>>, Error> {
        let mut settled = vec![None; keys.len()];
        let mut open: Vec<usize> = (0..keys.len()).collect();
        // Each transaction settles at least one key, so this ends.
        while !open.is_empty() {
            let ops = open.iter().map(|at| keys[*at].clone());
            let ops: Vec<_> = ops.map(|key| Op::Get { key }).collect();
            match self.reader.txn(&ops)? {
                TxnOutcome::Applied(results) => {
                    let lookups = lookups(ops.len(), results).into_iter();
                    for (at, lookup) in open.drain(..).zip(lookups) {
                        settled[at] = Some(Ok(lookup));
                    }
                }
                TxnOutcome::RolledBack(errors) => {
                    for error in errors.iter().filter(|error| error.op < open.len()) {
                        settled[open[error.op]] = Some(match error.kind {
                            OpErrorKind::Missing => Ok(Lookup::Missing),
                            // No version is known to answer so to a `get`; a later one might.
                            OpErrorKind::Denied => Ok(Lookup::Denied),
                            OpErrorKind::IndexDiffers | OpErrorKind::Other => {
                                Err(self.reader.rolled_back(&ops, std::slice::from_ref(error)))
                            }
                        });
                    }
                    open.retain(|at| settled[*at].is_none());
                    // Errors that name none of the keys settle none.
                    if open.len() == ops.len() {
                        let error = self.reader.rolled_back(&ops, &errors);
                        for at in open.drain(..) {
                            settled[at] = Some(Err(error.clone()));
                        }
                    }
                }
            }
        }
        Ok(settled.into_iter().flatten().collect())
    }
}

/// The lookup of each of the reads of an applied transaction. Entries that may not be read have no
/// result; `get-or-empty` answers a missing key with a blank, created at index 0.
fn lookups(ops: usize, results: Vec<OpResult>) -> Vec<Lookup> {
    let mut lookups = vec![Lookup::Denied; ops];
    for result in results {
        lookups[result.op] = match result.entry.created() {
            Index(0) => Lookup::Missing,
            _ => Lookup::Found(result.entry),
        };
    }
    lookups
}

#[cfg(test)]
mod tests;
