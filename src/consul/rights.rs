//! Rights, tried without writing.
//!
//! A transaction whose index check cannot hold never writes. But ACLs are checked for all its operations
//! before anything else, and those that fail are named: so the writes behind one such check tell which of
//! their keys the token may not write.

use super::{Cause, Client, Error};
use crate::model::{Index, Key, Op, OpError, OpErrorKind, TxnLimits, TxnOutcome, abbreviate};

/// An index that no entry has.
const NEVER: Index = Index(u64::MAX);

impl Client {
    /// Returns those of the keys that the token may not write. Nothing is written, and nobody is woken.
    ///
    /// # Errors
    /// When Consul does not answer, or refuses a name.
    pub fn unwritable(&self, keys: &[Key]) -> Result<Vec<Key>, Error> {
        let mut denied = Vec::new();
        let mut limits = TxnLimits::USUAL;
        let mut rest = keys;
        while !rest.is_empty() {
            let (group, after) = rest.split_at(self.tried_at_once(rest, limits));
            match self.try_writes(group, &mut denied) {
                Ok(()) => rest = after,
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

    fn try_writes(&self, keys: &[Key], denied: &mut Vec<Key>) -> Result<(), Error> {
        let check = cannot_hold(&keys[0]);
        let ops: Vec<_> = std::iter::once(check)
            .chain(keys.iter().map(empty_write))
            .collect();
        let doing = match keys {
            [key] => format!("trying the right to write key {}", abbreviate(key.as_str())),
            keys => format!("trying the rights to write {} keys", keys.len()),
        };
        // No write, whatever becomes of it.
        let context = self.context(doing, false);
        match self.run_txn(&ops, &context)? {
            TxnOutcome::Applied(_) => {
                Err(context.invalid_answer("a check that cannot hold was applied"))
            }
            TxnOutcome::RolledBack(errors) => {
                let is_denied = |number: usize| {
                    // The check is of the first key, which it may not read then.
                    let own =
                        |error: &OpError| error.op == number + 1 || error.op == 0 && number == 0;
                    let denied = |error: &OpError| error.kind == OpErrorKind::Denied;
                    errors.iter().any(|error| own(error) && denied(error))
                };
                let found = keys.iter().enumerate();
                let found = found.filter(|(number, _)| is_denied(*number));
                denied.extend(found.map(|(_, key)| key.clone()));
                Ok(())
            }
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
