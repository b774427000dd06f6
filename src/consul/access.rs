//! What a token may do with keys, tried without writing.
//!
//! A transaction whose index check cannot hold never writes. ACLs are checked for all its operations before
//! anything else, and each that fails is named: the check needs `key:read`, a write beside it `key:write`.
//! With rights it costs a Raft entry that changes nothing and wakes nobody.

use super::{Client, Error};
use crate::model::{Index, Key, Op, OpError, OpErrorKind, TxnLimits, TxnOutcome, abbreviate};

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
        Ok(self.try_access(std::slice::from_ref(key))?[0])
    }

    /// Returns those of the keys that the token may not write. Nothing is written, and nobody is woken.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn unwritable(&self, keys: &[Key]) -> Result<Vec<Key>, Error> {
        let mut denied = Vec::new();
        let mut rest = keys;
        while !rest.is_empty() {
            let (group, after) = rest.split_at(self.tried_at_once(rest));
            let found = group.iter().zip(self.try_access(group)?);
            let found = found.filter(|(_, access)| !access.write);
            denied.extend(found.map(|(key, _)| key.clone()));
            rest = after;
        }
        Ok(denied)
    }

    /// The number of keys that a transaction of every server holds.
    fn tried_at_once(&self, keys: &[Key]) -> usize {
        let limits = TxnLimits::LOWEST;
        let mut bytes = 0;
        let fitting = keys.iter().take(limits.ops / 2).take_while(|key| {
            let ops = try_ops(key);
            let sizes = ops.iter().map(|op| op.encoded_size() + self.extra_size());
            bytes += sizes.sum::<usize>();
            bytes + 2 <= limits.bytes
        });
        fitting.count().max(1)
    }

    /// Tries keys in one transaction, in their order.
    fn try_access(&self, keys: &[Key]) -> Result<Vec<Access>, Error> {
        let ops: Vec<_> = keys.iter().flat_map(try_ops).collect();
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
            TxnOutcome::RolledBack(errors) => Ok((0..keys.len())
                .map(|number| access_of(&errors, number))
                .collect()),
        }
    }
}

/// The operations that fail for the lack of a right, and else for an index.
fn try_ops(key: &Key) -> [Op; 2] {
    let key = key.clone();
    [
        Op::CheckIndex {
            key: key.clone(),
            index: NEVER,
        },
        Op::Set {
            key,
            value: Vec::new(),
            flags: 0,
        },
    ]
}

/// Returns what the failed operations say of the key of this number.
fn access_of(errors: &[OpError], number: usize) -> Access {
    let is_denied = |op| {
        let mut own = errors.iter().filter(|error| error.op == 2 * number + op);
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
            assert_eq!(access_of(&errors, 0), Access { read, write });
        }
    }
}
