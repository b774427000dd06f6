//! `/v1/txn`: transactions, and Consul's JSON of operations and results. 200 and 409 are both answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::error::RequestContext;
use super::json::Owned;
use super::request::Request;
use super::{Client, Error};
use crate::model::{Op, OpError, OpErrorKind, TxnOutcome, results};

/// One operation in Consul's JSON. Servers refuse fields that they do not know, so only those that
/// are set are sent.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TxnOpJson<'a> {
    verb: &'static str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    flags: u64,
    #[serde(skip_serializing_if = "is_zero")]
    index: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    session: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct TxnElementJson<'a> {
    #[serde(rename = "KV")]
    kv: TxnOpJson<'a>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> From<&'a Op> for TxnOpJson<'a> {
    fn from(op: &'a Op) -> Self {
        let verb = op.verb();
        TxnOpJson {
            verb: verb.consul_name(),
            key: op.name(),
            value: verb.has_value().then(|| STANDARD.encode(op.value())),
            flags: op.flags(),
            index: op.index().0,
            session: op.session(),
            ..TxnOpJson::default()
        }
    }
}

/// Whether the operation changes something. Consul runs a transaction without such as a read.
fn writes(op: &Op) -> bool {
    let checks = matches!(
        op,
        Op::CheckIndex { .. } | Op::CheckSession { .. } | Op::CheckNotExists { .. }
    );
    !op.is_read() && !checks
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TxnResponse {
    /// `null` for none. An answer without them is not Consul's.
    #[serde(deserialize_with = "Option::deserialize")]
    results: Option<Vec<OpResultJson>>,
    errors: Option<Vec<OpErrorJson>>,
}

#[derive(Debug, Deserialize)]
struct OpResultJson {
    #[serde(rename = "KV")]
    kv: Owned,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OpErrorJson {
    op_index: usize,
    what: String,
}

impl Client {
    /// Runs the operations, all or none. A transaction of reads has the client's consistency.
    ///
    /// # Errors
    /// A rollback is none. [`Error::class`] tells whether writes may have been applied.
    pub fn txn(&self, ops: &[Op]) -> Result<TxnOutcome, Error> {
        self.run_txn(ops, &self.txn_context(ops))
    }

    /// Turns the rollback of a transaction that had to be applied into an error: permission denied
    /// where that is a reason, else rolled back.
    pub fn rolled_back(&self, ops: &[Op], errors: &[OpError]) -> Error {
        self.txn_context(ops).rolled_back_of(ops, errors, true)
    }

    fn txn_context(&self, ops: &[Op]) -> RequestContext {
        let doing = match ops {
            [_] => "running a transaction of 1 operation".to_owned(),
            ops => format!("running a transaction of {} operations", ops.len()),
        };
        self.context(doing, ops.iter().any(writes))
    }

    /// The bytes that a namespace and a partition add to each operation.
    pub fn extra_size(&self) -> usize {
        let config = self.config();
        let names = [&config.namespace, &config.partition];
        let sizes = names.map(|name| match name {
            Some(name) => r#","Namespace":"""#.len() + name.len(),
            None => 0,
        });
        sizes.iter().sum()
    }

    /// Runs the operations for another request than a transaction, which errors then name.
    pub(super) fn run_txn(
        &self,
        ops: &[Op],
        context: &RequestContext,
    ) -> Result<TxnOutcome, Error> {
        self.check_tenancy(&context.doing)?;
        let config = self.config();
        let elements: Vec<_> = ops
            .iter()
            .map(|op| TxnElementJson {
                kv: TxnOpJson {
                    namespace: config.namespace.as_deref(),
                    partition: config.partition.as_deref(),
                    ..TxnOpJson::from(op)
                },
            })
            .collect();
        let body = serde_json::to_vec(&elements).map_err(|error| context.map_json(error))?;
        let request = Request {
            write: context.write,
            accepts: Some(409),
            long: ops.iter().any(|op| matches!(op, Op::GetTree { .. })),
            ..Request::put("/v1/txn".to_owned(), context.doing.clone(), &body)
        };
        self.ask(&request, |answer| parse_outcome(answer, ops))
    }

    /// Checks that the server knows namespaces and partitions. A server without them ignores both in
    /// a transaction, and writes elsewhere, but refuses them in a listing: so an empty listing is
    /// requested first.
    fn check_tenancy(&self, doing: &str) -> Result<(), Error> {
        let config = self.config();
        if (config.namespace.is_none() && config.partition.is_none())
            || self.tenancy_checked().get().is_some()
        {
            return Ok(());
        }
        let doing = format!("{doing}: checking the namespace or partition");
        match self.ask(&super::status::empty_listing(doing), Answer::discard) {
            Ok(()) => {}
            // The server looks at the parameters before it looks at the token's rights.
            Err(error) if error.class() == super::ErrorClass::Denied => {}
            Err(error) => return Err(error),
        }
        // Another thread may have set it to the same.
        let _ = self.tenancy_checked().set(());
        Ok(())
    }
}

fn parse_outcome(answer: Answer, ops: &[Op]) -> Result<TxnOutcome, Error> {
    let (status, context) = (answer.status, answer.context.clone());
    let response: TxnResponse = answer.json()?;
    match (status, response.results, response.errors) {
        (200, entries, None) => {
            let entries = entries.unwrap_or_default().into_iter();
            let entries = entries.map(|result| result.kv.0).collect();
            // A write counts as done only when the answer says so.
            let results = results(ops, entries).ok_or_else(|| {
                context.invalid_answer("its results are not those of the operations")
            })?;
            Ok(TxnOutcome::Applied(results))
        }
        (409, _, Some(errors))
            if !errors.is_empty() && errors.iter().all(|error| error.op_index < ops.len()) =>
        {
            let errors = errors.into_iter().map(OpError::from);
            let errors = errors.map(|error| OpError {
                what: context.redactor.blank(&error.what).into_owned(),
                ..error
            });
            let errors = errors.collect();
            Ok(TxnOutcome::RolledBack(errors))
        }
        _ => Err(context.invalid_answer(format_args!(
            "{status} with neither results nor errors of the operations"
        ))),
    }
}

/// Parses the answer to a transaction, for fuzzing. Returns whether it is one.
#[cfg(any(test, fuzzing))]
pub fn is_txn_answer(bytes: &[u8]) -> bool {
    serde_json::from_slice::<TxnResponse>(bytes).is_ok()
}

impl From<OpErrorJson> for OpError {
    fn from(error: OpErrorJson) -> Self {
        OpError {
            op: error.op_index,
            kind: classify(&error.what),
            what: error.what,
        }
    }
}

/// The kind of a failed operation, by its message. A key may stand in the middle of it, so only its
/// ends are compared.
fn classify(what: &str) -> OpErrorKind {
    if what.starts_with("Permission denied") {
        OpErrorKind::Denied
    } else if what.ends_with("\" doesn't exist") {
        OpErrorKind::Missing
    } else if what.ends_with("\", index is stale")
        || what.starts_with("failed index check for key \"")
        || (what.starts_with("key \"") && what.ends_with("\" exists"))
    {
        OpErrorKind::IndexDiffers
    } else {
        OpErrorKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Index, Key, Prefix};

    fn json(op: &Op) -> String {
        serde_json::to_string(&TxnOpJson::from(op)).unwrap()
    }

    fn key() -> Key {
        Key::new("a//b").unwrap()
    }

    #[test]
    fn only_fields_that_are_set_are_sent() {
        assert_eq!(
            json(&Op::Get { key: key() }),
            r#"{"Verb":"get","Key":"a//b"}"#
        );
        assert_eq!(
            json(&Op::DeleteTree {
                prefix: Prefix::new("")
            }),
            r#"{"Verb":"delete-tree","Key":""}"#
        );
        assert_eq!(
            json(&Op::Cas {
                key: key(),
                value: b"\xff".to_vec(),
                flags: u64::MAX,
                index: Index(u64::MAX),
            }),
            r#"{"Verb":"cas","Key":"a//b","Value":"/w==","Flags":18446744073709551615,"Index":18446744073709551615}"#
        );
        assert_eq!(
            json(&Op::Unlock {
                key: key(),
                value: Vec::new(),
                flags: 0,
                session: "s".into(),
            }),
            r#"{"Verb":"unlock","Key":"a//b","Value":"","Session":"s"}"#
        );
    }

    #[test]
    fn messages_of_old_and_new_servers_are_classified() {
        for (what, expected) in [
            (r#"key "t/none" doesn't exist"#, OpErrorKind::Missing),
            (
                r#"failed to check index, key "a" doesn't exist"#,
                OpErrorKind::Missing,
            ),
            (
                r#"failed to check session, key "a" doesn't exist"#,
                OpErrorKind::Missing,
            ),
            ("Permission denied", OpErrorKind::Denied),
            (
                "Permission denied: token with AccessorID '…' lacks permission 'key:write' on \"a\"",
                OpErrorKind::Denied,
            ),
            (
                r#"failed to set key "a", index is stale"#,
                OpErrorKind::IndexDiffers,
            ),
            (
                r#"failed to delete key "a", index is stale"#,
                OpErrorKind::IndexDiffers,
            ),
            (
                r#"failed index check for key "a", current modify index 171 != 1"#,
                OpErrorKind::IndexDiffers,
            ),
            (r#"key "a" exists"#, OpErrorKind::IndexDiffers),
            (
                r#"failed to lock key "a", lock is already held"#,
                OpErrorKind::Other,
            ),
            (r#"invalid session "x""#, OpErrorKind::Other),
            (r#"unknown KV verb "get-or-empty""#, OpErrorKind::Other),
            (
                r#"failed to lock key "Permission denied" due to lock delay"#,
                OpErrorKind::Other,
            ),
            (r#"key "x" exists" doesn't exist"#, OpErrorKind::Missing),
        ] {
            assert_eq!(classify(what), expected, "{what}");
        }
    }
}
