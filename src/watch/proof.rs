//! Which vanished keys are really deleted, and which a lost right only hides.
//!
//! A listing cut down by ACLs looks like one whose keys were deleted: the same status, at the same
//! index. A read-only transaction of `get`s tells them apart without rights on any of the keys: a
//! key that does not exist is named in its errors, a hidden one is not, and one that is back is in
//! its results. Only what is proven here is reported as a delete.

use std::collections::{HashMap, HashSet};

use crate::model::{Entry, Index, Key, OpError, OpErrorKind, Prefix, obstacle};

/// Consul's limit of operations in a transaction, up to 1.13; later servers take 128.
const GROUP: usize = 64;

/// How many bytes of names go into one transaction. JSON may make six of one, and the whole body
/// has to stay below 512 KiB.
const GROUP_BYTES: usize = 64 * 1024;

/// What a byte that is no UTF-8 reads as. Several keys may share such a name, and a proof of it
/// speaks of yet another key: nothing can be said about any of them.
const REPLACED: char = '\u{fffd}';

/// What became of a key that is no longer listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It does not exist.
    Deleted,
    /// It exists again, as this.
    Back(Entry),
    /// It exists and may not be read.
    Hidden,
    /// Consul gives no answer about this name.
    Unproven,
}

/// What Consul says to a transaction of `get`s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnAnswer {
    /// None of the keys is missing; these may be read.
    Found(Vec<Entry>),
    /// These are missing, or refused.
    RolledBack(Vec<OpError>),
    /// The server will not take one of the names, and says nothing about the others: 400
    /// `Invalid key in transaction`, or 413.
    Unacceptable,
    /// The agent takes no PUT from here: 403 `Access is restricted`.
    Restricted,
}

/// What Consul says to a GET of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GetAnswer {
    /// It exists.
    Found(Entry),
    /// It does not; the table's index.
    Missing(Index),
    /// It may not be read: 403 `Permission denied`.
    Denied,
}

/// Who is asked: a client that reads consistently. A trait, so that the decisions are tested
/// without a network. An error is an outage, a deleted token included.
pub trait Prover {
    /// What keeps it from answering.
    type Error;

    /// A consistent read-only transaction, one `get` a key.
    fn together(&mut self, keys: &[Key]) -> Result<TxnAnswer, Self::Error>;

    /// A consistent GET; only asked for keys that a URL can carry.
    fn alone(&mut self, key: &Key) -> Result<GetAnswer, Self::Error>;
}

/// What became of each of these keys, in their order.
///
/// # Errors
/// When Consul does not answer: then nothing is proven.
pub fn prove<W: Prover + ?Sized>(witness: &mut W, keys: &[&str]) -> Result<Vec<Fate>, W::Error> {
    let mut proof = Proof {
        witness,
        restricted: false,
        verdicts: HashMap::with_capacity(keys.len()),
    };
    let askable: Vec<Key> = keys
        .iter()
        .filter(|key| !key.contains(REPLACED))
        .filter_map(|key| Key::new(*key).ok())
        .collect();
    for group in groups(&askable) {
        proof.group(group)?;
    }
    let mut verdicts = proof.verdicts;
    Ok(keys
        .iter()
        .map(|key| verdicts.remove(*key).unwrap_or(Fate::Unproven))
        .collect())
}

struct Proof<'a, W: ?Sized> {
    witness: &'a mut W,
    restricted: bool,
    verdicts: HashMap<String, Fate>,
}

impl<W: Prover + ?Sized> Proof<'_, W> {
    fn group(&mut self, keys: &[Key]) -> Result<(), W::Error> {
        let mut open = keys.to_vec();
        // Each turn settles at least one key, so this ends.
        while !open.is_empty() {
            if self.restricted {
                return self.one_by_one(&open);
            }
            match self.witness.together(&open)? {
                TxnAnswer::Found(entries) => {
                    self.found(open, entries);
                    return Ok(());
                }
                // An answer that names none of the keys settles nothing: they stay unproven.
                TxnAnswer::RolledBack(errors) if !names_one(&errors, open.len()) => return Ok(()),
                TxnAnswer::RolledBack(errors) => open = self.rolled_back(open, &errors),
                TxnAnswer::Unacceptable => return self.halves(&open),
                TxnAnswer::Restricted => self.restricted = true,
            }
        }
        Ok(())
    }

    /// Nothing is missing: what is not among the entries is hidden.
    fn found(&mut self, open: Vec<Key>, entries: Vec<Entry>) {
        let mut back: HashMap<String, Entry> = entries
            .into_iter()
            .map(|entry| (entry.key().to_owned(), entry))
            .collect();
        for key in open {
            let verdict = back.remove(key.as_str()).map_or(Fate::Hidden, Fate::Back);
            self.verdicts.insert(key.as_str().to_owned(), verdict);
        }
    }

    /// Notes the keys that the errors name and gives the others: hidden or back, which a
    /// transaction says only when none of its keys is missing.
    fn rolled_back(&mut self, open: Vec<Key>, errors: &[OpError]) -> Vec<Key> {
        for error in errors {
            let verdict = match error.kind {
                OpErrorKind::Missing => Fate::Deleted,
                // No version is known to say so of a `get`; a later one might.
                OpErrorKind::Denied => Fate::Hidden,
                OpErrorKind::IndexDiffers | OpErrorKind::Other => Fate::Unproven,
            };
            if let Some(key) = open.get(error.op) {
                self.verdicts.insert(key.as_str().to_owned(), verdict);
            }
        }
        let named: HashSet<usize> = errors.iter().map(|error| error.op).collect();
        open.into_iter()
            .enumerate()
            .filter_map(|(at, key)| (!named.contains(&at)).then_some(key))
            .collect()
    }

    /// Newer servers refuse a whole transaction for one name (a leading `/`, an edge space, `..`).
    fn halves(&mut self, keys: &[Key]) -> Result<(), W::Error> {
        if keys.len() > 1 {
            let (first, second) = keys.split_at(keys.len() / 2);
            self.group(first)?;
            self.group(second)?;
        }
        Ok(())
    }

    /// A GET needs rights on the key, so it says less: but 404 is given only where they are there.
    fn one_by_one(&mut self, keys: &[Key]) -> Result<(), W::Error> {
        for key in keys.iter().filter(|key| obstacle(key.as_str()).is_none()) {
            let verdict = match self.witness.alone(key)? {
                GetAnswer::Found(entry) => Fate::Back(entry),
                GetAnswer::Missing(_) => Fate::Deleted,
                GetAnswer::Denied => Fate::Hidden,
            };
            self.verdicts.insert(key.as_str().to_owned(), verdict);
        }
        Ok(())
    }
}

fn names_one(errors: &[OpError], keys: usize) -> bool {
    errors.iter().any(|error| error.op < keys)
}

/// Cuts the keys into transactions by count and bytes.
fn groups(keys: &[Key]) -> impl Iterator<Item = &[Key]> {
    let mut rest = keys;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest
            .iter()
            .take(GROUP)
            .take_while(|key| {
                bytes += key.as_str().len();
                bytes <= GROUP_BYTES
            })
            .count();
        // A single name over the limit goes alone.
        let (group, later) = rest.split_at(fits.max(1).min(rest.len()));
        rest = later;
        (!group.is_empty()).then_some(group)
    })
}

/// What an empty listing means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emptiness {
    /// There is nothing, at this index of the table.
    Real(Index),
    /// There may be something: the token may not read here.
    NoRights,
    /// There is something by now: look again.
    Over,
}

/// Whether an empty listing of `prefix` is the truth. A listing that a token may not see is empty
/// too, on every version; a GET of the prefix's own name as a key is refused with 403.
///
/// # Errors
/// When Consul does not answer.
pub fn emptiness<W: Prover + ?Sized>(
    witness: &mut W,
    prefix: &Prefix,
) -> Result<Emptiness, W::Error> {
    // The root has no name of its own and an unclean one fits in no URL: the nearest name that does.
    let clean = prefix.clean();
    let name = if clean.is_root() { "_" } else { clean.as_str() };
    let own = Key::new(name).expect("it is not empty");
    Ok(match witness.alone(&own)? {
        GetAnswer::Missing(index) => Emptiness::Real(index),
        GetAnswer::Denied => Emptiness::NoRights,
        GetAnswer::Found(entry) if entry.key().starts_with(prefix.as_str()) => Emptiness::Over,
        GetAnswer::Found(entry) => Emptiness::Real(entry.modified()),
    })
}

#[cfg(test)]
mod tests;
