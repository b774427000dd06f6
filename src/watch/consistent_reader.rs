//! What a look leaves open, asked of Consul itself: consistent reads that prove deletes, tell an
//! empty prefix from a forbidden one, and find the folder that was typed as a key.

use super::proof::{GetAnswer, Prover, TxnAnswer};
use crate::consul::{Cause, Client, Consistency, Error};
use crate::model::{Key, Op, Prefix, TxnOutcome};

/// Who settles what a look leaves open.
pub trait TargetProber: Prover<Error = Error> + Send {
    /// Whether there are keys below `key/`. Only worth a sentence, so a failure is a no.
    fn is_folder(&mut self, key: &Key) -> bool;
}

/// A client that reads consistently.
pub struct ConsistentReader(Client);

impl ConsistentReader {
    /// Asks through this connection.
    pub fn new(client: &Client) -> Self {
        ConsistentReader(client.with_consistency(Consistency::Consistent))
    }
}

impl Prover for ConsistentReader {
    type Error = Error;

    fn together(&mut self, keys: &[Key]) -> Result<TxnAnswer, Error> {
        let gets: Vec<Op> = keys
            .iter()
            .map(|key| Op::Get { key: key.clone() })
            .collect();
        match self.0.txn(&gets) {
            Ok(TxnOutcome::Applied(entries)) => Ok(TxnAnswer::Found(entries)),
            Ok(TxnOutcome::RolledBack(errors)) => Ok(TxnAnswer::RolledBack(errors)),
            // Reads in a transaction are filtered, not refused: a 403 is the agent's that takes
            // no PUT (`allow_write_http_from`).
            Err(error) if error.cause() == Cause::Denied => Ok(TxnAnswer::Restricted),
            Err(error) if matches!(error.cause(), Cause::Refused | Cause::TooLarge) => {
                Ok(TxnAnswer::Unacceptable)
            }
            Err(error) => Err(error),
        }
    }

    fn alone(&mut self, key: &Key) -> Result<GetAnswer, Error> {
        match self.0.get(key) {
            Ok(reply) => Ok(match reply.value {
                Some(entry) => GetAnswer::Found(entry),
                None => GetAnswer::Missing(reply.meta.index.unwrap_or_default()),
            }),
            Err(error) if error.cause() == Cause::Denied => Ok(GetAnswer::Denied),
            Err(error) => Err(error),
        }
    }
}

impl TargetProber for ConsistentReader {
    fn is_folder(&mut self, key: &Key) -> bool {
        let below = Prefix::new(format!("{key}/"));
        let names = self.0.names(&below, "/", None);
        names.is_ok_and(|mut reply| matches!(reply.value.next(), Some(Ok(_))))
    }
}
