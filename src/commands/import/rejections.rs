//! The keys of an import that the server refuses, as a write shows or a check beforehand.

use crate::consul::{self, Cause, Client, ErrorClass};
use crate::model::{Index, Key, Op, TxnOutcome};

/// A key that the server refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The key.
    pub key: String,
    /// The meaning of the refusal.
    pub class: ErrorClass,
    /// The reason, in the server's words.
    pub reason: String,
}

/// Finds the keys that the token may not write, or the server would refuse, by a transaction that
/// writes nothing: it holds a check that fails on every entry, and names all missing rights.
///
/// # Errors
/// If Consul does not answer.
pub fn check_writable(client: &Client, keys: &[Key]) -> Result<Vec<Rejection>, consul::Error> {
    let Some(first) = keys.first() else {
        return Ok(Vec::new());
    };
    let mut ops = vec![Op::CheckIndex {
        key: first.clone(),
        index: Index(u64::MAX),
    }];
    ops.extend(keys.iter().map(|key| Op::Set {
        key: key.clone(),
        value: Vec::new(),
        flags: 0,
    }));
    let errors = match client.txn(&ops) {
        Ok(TxnOutcome::RolledBack(errors)) => errors,
        Ok(TxnOutcome::Applied(_)) => Vec::new(),
        Err(error) if matches!(error.cause(), Cause::Refused | Cause::TooLarge) => {
            let reject = |key: &Key| Rejection {
                key: key.to_string(),
                class: error.class(),
                reason: error.reason().to_owned(),
            };
            let (one, two) = keys.split_at(keys.len() / 2);
            return match one {
                [] => Ok(two.iter().map(reject).collect()),
                _ => Ok([check_writable(client, one)?, check_writable(client, two)?].concat()),
            };
        }
        Err(error) => return Err(error),
    };
    // The first operation is the check.
    let refused = errors.iter().filter_map(|error| {
        let key = keys.get(error.op.checked_sub(1)?)?;
        let cause = client.rolled_back(&[], std::slice::from_ref(error));
        Some(Rejection {
            key: key.to_string(),
            class: cause.class(),
            reason: cause.reason().to_owned(),
        })
    });
    Ok(refused.collect())
}
