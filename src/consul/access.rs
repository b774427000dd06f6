//! What a token may do with keys, tried without writing.
//!
//! A transaction whose index check cannot hold never writes. ACLs are checked for all its operations before
//! anything else, and each that fails is named: the check needs `key:read` of its key, the writes behind it
//! `key:write` of theirs. With rights it costs a Raft entry that changes nothing and wakes nobody.

use std::thread;

use super::{Cause, Client, Error};
use crate::model::{Index, Key, Op, OpError, OpErrorKind, TxnLimits, TxnOutcome, abbreviate};

/// How many transactions are under way at once.
const CONNECTIONS: usize = 4;

/// An index that no entry has.
const NEVER: Index = Index(u64::MAX);

/// What a token may do with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whether it may read the key.
    pub read: bool,
    /// Whether it may write the key.
    pub write: bool,
}

impl Client {
    /// Tries what the token may do with the key. Nothing is written, and nobody is woken.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn access(&self, key: &Key) -> Result<Access, Error> {
        Ok(access_of(&self.try_writes(std::slice::from_ref(key))?))
    }

    /// Returns those of the keys that the token may not write. Nothing is written, and nobody is woken.
    ///
    /// # Errors
    /// When Consul does not answer, or refuses a name.
    pub fn unwritable(&self, keys: &[Key]) -> Result<Vec<Key>, Error> {
        let mut limits = TxnLimits::USUAL;
        // The first ones tell how many the server takes at once.
        let (first, rest) = keys.split_at(keys.len().min(limits.ops - 1));
        let mut denied = self.unwritable_of(first, &mut limits)?;
        let parts: Vec<_> = rest
            .chunks(rest.len().div_ceil(CONNECTIONS).max(1))
            .collect();
        // Each transaction waits for the disk of the servers.
        let found: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = parts
                .into_iter()
                .map(|part| scope.spawn(move || self.unwritable_of(part, &mut limits.clone())))
                .collect();
            let results = running.into_iter().map(thread::ScopedJoinHandle::join);
            results
                .map(|result| result.expect("a panic aborts the process"))
                .collect()
        });
        for part in found {
            denied.extend(part?);
        }
        Ok(denied)
    }

    /// The same, one transaction after another. What the server takes at once is learned on the way.
    fn unwritable_of(&self, keys: &[Key], limits: &mut TxnLimits) -> Result<Vec<Key>, Error> {
        let mut denied = Vec::new();
        let mut rest = keys;
        while !rest.is_empty() {
            let (group, after) = rest.split_at(self.tried_at_once(rest, *limits));
            match self.try_writes(group) {
                Ok(errors) => {
                    let found = group.iter().enumerate();
                    let found = found.filter(|(number, _)| is_denied(&errors, *number));
                    denied.extend(found.map(|(_, key)| key.clone()));
                    rest = after;
                }
                Err(error) if error.cause() == Cause::TooLarge && group.len() > 1 => {
                    // The check is one operation more.
                    limits.ops = match group.len() {
                        64.. => TxnLimits::LOWEST.ops,
                        fewer => fewer / 2 + 1,
                    };
                }
                Err(error) => return Err(error),
            }
        }
        Ok(denied)
    }

    /// The number of keys that a transaction holds beside its check.
    fn tried_at_once(&self, keys: &[Key], limits: TxnLimits) -> usize {
        let size = |op: Op| op.encoded_size() + self.extra_size();
        let mut bytes = size(cannot_hold(&keys[0])) + 2;
        let fitting = keys.iter().take(limits.ops - 1).take_while(|key| {
            bytes += size(empty_write(key));
            bytes <= limits.bytes
        });
        fitting.count().max(1)
    }

    /// Tries to write keys, and returns the errors: of the check, which is of the first key, and of each
    /// write.
    fn try_writes(&self, keys: &[Key]) -> Result<Vec<OpError>, Error> {
        let check = cannot_hold(&keys[0]);
        let ops: Vec<_> = std::iter::once(check)
            .chain(keys.iter().map(empty_write))
            .collect();
        let doing = match keys {
            [key] => format!("trying the access to {}", abbreviate(key.as_str())),
            keys => format!("trying the access to {} keys", keys.len()),
        };
        // No write, whatever becomes of it.
        let context = self.context(doing, false);
        match self.run_txn(&ops, &context)? {
            TxnOutcome::Applied(_) => {
                Err(context.invalid_answer("a check that cannot hold was applied"))
            }
            TxnOutcome::RolledBack(errors) => Ok(errors),
        }
    }
}

/// A check that fails, also for a key that does not exist.
fn cannot_hold(key: &Key) -> Op {
    Op::CheckIndex {
        key: key.clone(),
        index: NEVER,
    }
}

fn empty_write(key: &Key) -> Op {
    Op::Set {
        key: key.clone(),
        value: Vec::new(),
        flags: 0,
    }
}

/// Whether the write of the key of this number was denied; of the first key, the check too.
fn is_denied(errors: &[OpError], number: usize) -> bool {
    let own = |error: &&OpError| error.op == number + 1 || error.op == 0 && number == 0;
    errors
        .iter()
        .filter(own)
        .any(|error| error.kind == OpErrorKind::Denied)
}

/// Returns what the errors of a single key say.
fn access_of(errors: &[OpError]) -> Access {
    let is_denied = |op| {
        let mut own = errors.iter().filter(|error| error.op == op);
        own.any(|error| error.kind == OpErrorKind::Denied)
    };
    Access {
        read: !is_denied(0),
        write: !is_denied(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_that_are_denied_tell_what_the_token_may_not() {
        let error = |op, kind| OpError {
            op,
            kind,
            what: String::new(),
        };
        let failed = error(0, OpErrorKind::IndexDiffers);
        let denied = |op| error(op, OpErrorKind::Denied);
        for (errors, read, write) in [
            (vec![failed.clone()], true, true),
            (vec![failed, denied(1)], true, false),
            (vec![denied(1)], true, false),
            (vec![denied(0), denied(1)], false, false),
            (vec![denied(0)], false, true),
        ] {
            assert_eq!(access_of(&errors), Access { read, write });
        }
    }
}
