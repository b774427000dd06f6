//! Deletes of several keys by transactions that also tell which of them existed.
//!
//! Consul deletes a missing key with success. So each key is read in the same transaction: one that
//! does not exist is named in the errors and rolls it back, and it is repeated without that key.

use super::{Cause, Client, Error};
use crate::model::{Key, Op, OpErrorKind, TxnLimits, TxnOutcome, encoded_read};

/// Deletes keys, and collects those that existed.
pub struct MultiDelete<'a> {
    client: &'a Client,
    limits: TxnLimits,
    /// The keys that existed and are deleted, in order.
    pub deleted: Vec<Key>,
}

impl<'a> MultiDelete<'a> {
    /// A deletion that has asked nothing yet.
    pub fn new(client: &'a Client) -> Self {
        MultiDelete {
            client,
            limits: TxnLimits::USUAL,
            deleted: Vec::new(),
        }
    }

    /// Deletes the keys, in as few transactions as hold them. No key may be repeated.
    ///
    /// # Errors
    /// Those before the failed transaction are deleted. [`Error::class`] tells whether its own may be.
    pub fn delete(&mut self, keys: &[Key]) -> Result<(), Error> {
        let mut rest = keys;
        while !rest.is_empty() {
            let (group, after) = rest.split_at(self.group_len(rest));
            match self.delete_group(group) {
                Ok(()) => rest = after,
                Err(error) if error.cause() == Cause::TooLarge && group.len() > 1 => {
                    self.lower_limits(group.len());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The number of keys that one transaction holds.
    fn group_len(&self, keys: &[Key]) -> usize {
        let mut bytes = 0;
        let fitting = keys.iter().take(self.limits.ops / 2).take_while(|key| {
            bytes += 2 * (encoded_read(key.as_str()) + self.client.extra_size());
            bytes <= self.limits.bytes
        });
        fitting.count().max(1)
    }

    /// Lowers the limits below a transaction for this many keys.
    fn lower_limits(&mut self, keys: usize) {
        self.limits.ops = if 2 * keys > TxnLimits::LOWEST.ops {
            TxnLimits::LOWEST.ops
        } else {
            2 * (keys / 2)
        };
    }

    fn delete_group(&mut self, keys: &[Key]) -> Result<(), Error> {
        let mut keys = keys.to_vec();
        // Each repetition is for fewer keys.
        while !keys.is_empty() {
            let reads = keys.iter().cloned().map(|key| Op::Get { key });
            let deletes = keys.iter().cloned().map(|key| Op::Delete { key });
            let ops: Vec<_> = reads.chain(deletes).collect();
            let doing = match keys.len() {
                1 => format!("deleting key {}", keys[0]),
                count => format!("deleting {count} keys"),
            };
            let context = self.client.context(doing, true);
            let TxnOutcome::RolledBack(errors) = self.client.run_txn(&ops, &context)? else {
                break;
            };
            let mut missing = vec![false; keys.len()];
            for error in &errors {
                match missing.get_mut(error.op) {
                    Some(missing) if error.kind == OpErrorKind::Missing => *missing = true,
                    _ => return Err(context.rolled_back(&ops, &errors)),
                }
            }
            let mut missing = missing.into_iter();
            keys.retain(|_| missing.next() == Some(false));
        }
        self.deleted.extend(keys);
        Ok(())
    }
}
