//! The one writer of many keys: transactions as large as the server takes them.

use std::sync::{Mutex, PoisonError};

use super::{Cause, Client, Error};
use crate::model::{Op, TxnLimits, TxnOutcome};

/// What servers before 1.14 take.
const OLDER: usize = 64;

/// Sends transactions and learns from the server's 413 how much one may hold. Threads share it.
#[derive(Debug)]
pub struct Bulk {
    limits: Mutex<TxnLimits>,
}

/// One transaction that was sent.
#[derive(Debug)]
pub struct Sent {
    /// The operations of the transaction.
    pub ops: Vec<Op>,
    /// What the server answered.
    pub outcome: Result<TxnOutcome, Error>,
}

impl Sent {
    /// Whether it happened.
    pub fn applied(&self) -> bool {
        matches!(self.outcome, Ok(TxnOutcome::Applied(_)))
    }
}

impl Default for Bulk {
    fn default() -> Self {
        Bulk {
            limits: Mutex::new(TxnLimits::USUAL),
        }
    }
}

impl Bulk {
    /// How much to put into a transaction, as far as is known.
    pub fn limits(&self) -> TxnLimits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the operations, which fit together as far as is known: in one transaction, or in
    /// several where the server answers that it takes less. Tells what became of each
    /// transaction, in order, and stops behind the first that did not happen: the operations
    /// that were not tried come back.
    pub fn send(&self, client: &Client, ops: Vec<Op>, mut told: impl FnMut(Sent)) -> Vec<Op> {
        let mut left = vec![ops];
        while let Some(mut ops) = left.pop() {
            let outcome = client.txn(&ops);
            let too_large = matches!(&outcome, Err(error) if error.cause() == Cause::TooLarge);
            if too_large && ops.len() > 1 {
                let second = ops.split_off(self.lower(&ops));
                left.extend([second, ops]);
                continue;
            }
            let sent = Sent { ops, outcome };
            let applied = sent.applied();
            told(sent);
            if !applied {
                break;
            }
        }
        left.into_iter().rev().flatten().collect()
    }

    /// Learns that these were too much, and says how many of them to try instead.
    fn lower(&self, ops: &[Op]) -> usize {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if ops.len() > OLDER {
            limits.ops = OLDER;
            return OLDER;
        }
        let bytes: usize = ops.iter().map(Op::encoded_size).sum();
        limits.bytes = limits.bytes.min(bytes / 2);
        ops.len() / 2
    }
}
