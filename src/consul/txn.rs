//! `/v1/txn`: Consul's JSON of operations. 200 and 409 are both answers.

use super::{Client, Error};
use crate::model::{Op, TxnOutcome};

impl Client {
    /// Runs the operations, all or none. A transaction of reads alone is consistent as the client is.
    pub fn txn(&self, _ops: &[Op]) -> Result<TxnOutcome, Error> {
        todo!()
    }
}
