//! `/v1/txn`: Consul's JSON of operations. 200 and 409 are both answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::error::RequestContext;
use super::json::Owned;
use super::request::Request;
use super::{Client, Error};
use crate::model::{Entry, Fields, Op, OpError, OpErrorKind, TxnOutcome};

/// One operation as Consul takes it. Unknown fields are refused by servers, so only those that are
/// set are sent.
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
struct Envelope<'a> {
    #[serde(rename = "KV")]
    kv: TxnOpJson<'a>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl<'a> TxnOpJson<'a> {
    fn of(op: &'a Op) -> Self {
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

/// Whether it changes something. Consul answers a transaction without any of these as a read.
fn writes(op: &Op) -> bool {
    !matches!(
        op,
        Op::Get { .. }
            | Op::GetOrEmpty { .. }
            | Op::GetTree { .. }
            | Op::CheckIndex { .. }
            | Op::CheckSession { .. }
            | Op::CheckNotExists { .. }
    )
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TxnResponse {
    results: Option<Vec<TxnResultJson>>,
    errors: Option<Vec<TxnErrorJson>>,
}

#[derive(Debug, Deserialize)]
struct TxnResultJson {
    #[serde(rename = "KV")]
    kv: Owned,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TxnErrorJson {
    op_index: usize,
    what: String,
}

impl Client {
    /// Runs the operations, all or none. A transaction of reads alone is consistent as the client is.
    ///
    /// # Errors
    /// A rollback is none; see [`Error::outcome`] for what an error means for the writes in it.
    pub fn txn(&self, ops: &[Op]) -> Result<TxnOutcome, Error> {
        let doing = match ops {
            [_] => "running a transaction of 1 operation".to_owned(),
            ops => format!("running a transaction of {} operations", ops.len()),
        };
        let context = self.context(doing, ops.iter().any(writes));
        self.txn_for(ops, &context)
    }

    /// How many bytes a namespace and a partition add to each operation.
    pub fn extra_size(&self) -> usize {
        let config = self.config();
        let names = [&config.namespace, &config.partition];
        let sizes = names.map(|name| match name {
            Some(name) => r#","Namespace":"""#.len() + name.len(),
            None => 0,
        });
        sizes.iter().sum()
    }

    /// Runs the operations in the name of something else that is being done.
    pub(super) fn txn_for(
        &self,
        ops: &[Op],
        context: &RequestContext,
    ) -> Result<TxnOutcome, Error> {
        self.prove_tenancy(&context.doing)?;
        let config = self.config();
        let wire: Vec<_> = ops
            .iter()
            .map(|op| Envelope {
                kv: TxnOpJson {
                    namespace: config.namespace.as_deref(),
                    partition: config.partition.as_deref(),
                    ..TxnOpJson::of(op)
                },
            })
            .collect();
        let body = serde_json::to_vec(&wire).map_err(|error| context.json(error))?;
        let request = Request {
            write: ops.iter().any(writes),
            accepts: Some(409),
            ..Request::put("/v1/txn".to_owned(), context.doing.clone(), &body)
        };
        self.ask(&request, |answer| outcome(answer, ops))
    }

    /// Servers without namespaces or partitions ignore them in a transaction in silence, and write
    /// elsewhere; in a listing they refuse them. So one is asked first, of a place where nothing is.
    fn prove_tenancy(&self, doing: &str) -> Result<(), Error> {
        let config = self.config();
        if (config.namespace.is_none() && config.partition.is_none())
            || self.tenancy_proven().get().is_some()
        {
            return Ok(());
        }
        let proof = format!("{doing}: looking for the namespace or partition");
        match self.ask(&super::status::nothing(proof), Answer::proof) {
            Ok(()) => {}
            // A token without rights got past the parameters too.
            Err(error) if error.outcome() == super::ErrorClass::Denied => {}
            Err(error) => return Err(error),
        }
        // Another thread may have come first: it proved the same.
        let _ = self.tenancy_proven().set(());
        Ok(())
    }
}

fn outcome(answer: Answer, ops: &[Op]) -> Result<TxnOutcome, Error> {
    let (status, context) = (answer.status, answer.context.clone());
    let answered: TxnResponse = answer.json()?;
    match (status, answered.results, answered.errors) {
        (200, results, None) => {
            let entries = results.unwrap_or_default().into_iter();
            let entries = entries.map(|result| as_told(ops, result.kv.0));
            Ok(TxnOutcome::Applied(entries.collect()))
        }
        (409, _, Some(errors)) if !errors.is_empty() => Ok(TxnOutcome::RolledBack(
            errors.into_iter().map(failure).collect(),
        )),
        _ => Err(context.nonsense(format_args!("{status}, with results and errors mixed up"))),
    }
}

/// The entry of a result. Writes and checks answer without the value, which looks like an empty
/// one: it is taken for unknown, unless only a read of the same transaction can have answered it.
fn as_told(ops: &[Op], entry: Entry) -> Entry {
    let changes_or_checks = |op: &Op| match op {
        Op::Set { key, .. }
        | Op::Cas { key, .. }
        | Op::Lock { key, .. }
        | Op::Unlock { key, .. }
        | Op::CheckIndex { key, .. }
        | Op::CheckSession { key, .. } => key.as_str() == entry.key(),
        _ => false,
    };
    if !entry.value().is_empty() || !ops.iter().any(changes_or_checks) {
        return entry;
    }
    Entry::pack(&Fields {
        value: None,
        ..entry.fields()
    })
}

fn failure(failure: TxnErrorJson) -> OpError {
    OpError {
        op: failure.op_index,
        kind: kind(&failure.what),
        what: failure.what,
    }
}

/// What the text of a failed operation means. A key stands in the middle of it, so only its ends
/// are looked at.
fn kind(what: &str) -> OpErrorKind {
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
        serde_json::to_string(&TxnOpJson::of(op)).unwrap()
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
    fn the_value_of_a_write_is_unknown_and_that_of_a_read_is_empty() {
        let entry = |name| {
            Entry::pack(&Fields {
                key: name,
                value: Some(b""),
                ..Fields::default()
            })
        };
        let ops = [
            Op::CheckIndex {
                key: key(),
                index: Index(1),
            },
            Op::GetTree {
                prefix: Prefix::new("x"),
            },
        ];
        assert!(!as_told(&ops, entry("a//b")).value_known());
        assert!(as_told(&ops, entry("x")).value_known());
    }

    #[test]
    fn reasons_are_understood_in_both_generations_of_texts() {
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
            assert_eq!(kind(what), expected, "{what}");
        }
    }
}
