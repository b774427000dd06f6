//! What a token may do with a key, tried without writing.
//!
//! A transaction whose index check cannot hold never writes. ACLs are checked for all its operations before
//! anything else, and each that fails is named: the check needs `key:read`, a write beside it `key:write`.

use super::{Client, Error};
use crate::model::{Index, Key, Op, OpError, OpErrorKind, TxnOutcome};

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
        let ops = [
            Op::CheckIndex {
                key: key.clone(),
                // No entry has it.
                index: Index(u64::MAX),
            },
            Op::Set {
                key: key.clone(),
                value: Vec::new(),
                flags: 0,
            },
        ];
        // No write, whatever becomes of it.
        let context = self.context(format!("trying the access to {}", key.as_str()), false);
        match self.run_txn(&ops, &context)? {
            TxnOutcome::Applied(_) => {
                Err(context.invalid_answer("a check that cannot hold was applied"))
            }
            TxnOutcome::RolledBack(errors) => Ok(access_of(&errors)),
        }
    }
}

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
