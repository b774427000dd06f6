//! Rights, tried without writing.
//!
//! A transaction whose index check cannot hold never writes. But ACLs are checked for all its operations
//! before anything else, and those that fail are named: so a write beside such a check tells whether the
//! token may write the key.

use super::{Client, Error};
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
        let mut rest = keys;
        while !rest.is_empty() {
            let (group, after) = rest.split_at(self.tried_at_once(rest));
            self.try_writes(group, &mut denied)?;
            rest = after;
        }
        Ok(denied)
    }

    /// The number of keys that a transaction of every server holds.
    fn tried_at_once(&self, keys: &[Key]) -> usize {
        let limits = TxnLimits::LOWEST;
        let mut bytes = 0;
        let fitting = keys.iter().take(limits.ops / 2).take_while(|key| {
            let ops = try_write(key);
            let sizes = ops.iter().map(|op| op.encoded_size() + self.extra_size());
            bytes += sizes.sum::<usize>();
            bytes + 2 <= limits.bytes
        });
        fitting.count().max(1)
    }

    fn try_writes(&self, keys: &[Key], denied: &mut Vec<Key>) -> Result<(), Error> {
        let ops: Vec<_> = keys.iter().flat_map(try_write).collect();
        // No write, whatever becomes of it.
        let doing = match keys {
            [key] => format!("trying the right to write key {}", abbreviate(key.as_str())),
            keys => format!("trying the rights to write {} keys", keys.len()),
        };
        let context = self.context(doing, false);
        match self.run_txn(&ops, &context)? {
            TxnOutcome::Applied(_) => {
                Err(context.invalid_answer("a check that cannot hold was applied"))
            }
            TxnOutcome::RolledBack(errors) => {
                let is_denied = |number: usize| {
                    let own = |error: &&OpError| error.op / 2 == number;
                    errors
                        .iter()
                        .filter(own)
                        .any(|error| error.kind == OpErrorKind::Denied)
                };
                let found = keys.iter().enumerate();
                let found = found.filter(|(number, _)| is_denied(*number));
                denied.extend(found.map(|(_, key)| key.clone()));
                Ok(())
            }
        }
    }
}

/// The operations that fail for the lack of a right, and else for an index.
fn try_write(key: &Key) -> [Op; 2] {
    [
        Op::CheckIndex {
            key: key.clone(),
            index: NEVER,
        },
        Op::Set {
            key: key.clone(),
            value: Vec::new(),
            flags: 0,
        },
    ]
}
