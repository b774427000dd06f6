//! Writes of many keys, in transactions as large as the server accepts.

use std::sync::{Mutex, PoisonError};

use super::{Cause, Client, Error};
use crate::model::{Op, TxnLimits, TxnOutcome};

/// Sends transactions and learns from the server's 413 how much one may hold. Threads share it.
#[derive(Debug)]
pub struct Bulk {
    limits: Mutex<TxnLimits>,
}

/// One transaction that was sent.
#[derive(Debug)]
pub struct SentTxn {
    /// The operations of the transaction.
    pub ops: Vec<Op>,
    /// The server's answer.
    pub outcome: Result<TxnOutcome, Error>,
}

impl SentTxn {
    /// Whether the transaction was applied.
    pub fn is_applied(&self) -> bool {
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
    /// The limits of a transaction, as far as they are known.
    pub fn limits(&self) -> TxnLimits {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the operations, which are within the known limits: in one transaction, or in several
    /// where the server answers 413. Calls `on_sent` with each transaction, in order, and stops after
    /// the first that was not applied. Returns the operations that were not sent.
    pub fn send(&self, client: &Client, ops: Vec<Op>, mut on_sent: impl FnMut(SentTxn)) -> Vec<Op> {
        let mut left = vec![ops];
        while let Some(mut ops) = left.pop() {
            let outcome = client.txn(&ops);
            let too_large = matches!(&outcome, Err(error) if error.cause() == Cause::TooLarge);
            if too_large && ops.len() > 1 {
                let second = ops.split_off(self.lower_limits(&ops));
                left.extend([second, ops]);
                continue;
            }
            let sent = SentTxn { ops, outcome };
            let applied = sent.is_applied();
            on_sent(sent);
            if !applied {
                break;
            }
        }
        left.into_iter().rev().flatten().collect()
    }

    /// Lowers the limits below these operations, and returns how many of them to send instead.
    fn lower_limits(&self, ops: &[Op]) -> usize {
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if ops.len() > TxnLimits::LOWEST.ops {
            limits.ops = TxnLimits::LOWEST.ops;
            return limits.ops;
        }
        let bytes: usize = ops.iter().map(Op::encoded_size).sum();
        limits.bytes = limits.bytes.min(bytes / 2);
        ops.len() / 2
    }
}
