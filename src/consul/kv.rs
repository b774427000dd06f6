//! `/v1/kv`: reads, blocking reads, writes of one key. Names that a URL cannot carry take the way
//! of a transaction.

use super::answer::Answer;
use super::error::{Cause, RequestContext};
use super::listing::{EntryListing, Stream};
use super::request::{Block, Request, path_of, shown};
use super::{Client, Error, Meta, Reply};
use crate::model::{Entry, Index, Key, Op, OpError, OpErrorKind, Prefix, TxnOutcome, obstacle};

/// How a value is written. Consul replaces the flags at every write: without any they become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write<'a> {
    /// Whatever is there.
    Plain,
    /// Only if the entry was last changed at this index; 0 means only if there is none.
    Cas(Index),
    /// Take the lock for this session.
    Acquire(&'a str),
    /// Give the lock back.
    Release(&'a str),
}

impl Write<'_> {
    /// The same write as an operation of a transaction.
    pub fn op(self, key: Key, value: Vec<u8>, flags: u64) -> Op {
        match self {
            Write::Plain => Op::Set { key, value, flags },
            Write::Cas(index) => Op::Cas {
                key,
                value,
                flags,
                index,
            },
            Write::Acquire(session) => Op::Lock {
                key,
                value,
                flags,
                session: session.to_owned(),
            },
            Write::Release(session) => Op::Unlock {
                key,
                value,
                flags,
                session: session.to_owned(),
            },
        }
    }
}

impl Client {
    /// One entry, `None` where there is none. Keys that a URL cannot carry are read by transaction.
    ///
    /// # Errors
    /// 403 also where there is no such key: without the right to it nobody is told.
    pub fn get(&self, key: &Key) -> Result<Reply<Option<Entry>>, Error> {
        if !fits_in_url(key.as_str()) {
            return self.get_by_txn(key);
        }
        self.get_by_url(key, None)
    }

    /// One entry, held until it changes. The key must be one that a URL can carry.
    ///
    /// # Errors
    /// Those of [`Client::get`], and [`Cause::Setup`] for a key that a URL cannot carry.
    pub fn get_blocking(&self, key: &Key, block: Block) -> Result<Reply<Option<Entry>>, Error> {
        if let Some(obstacle) = obstacle(key.as_str()) {
            let context = self.context(format!("watching key {key}"), false);
            return Err(context.error(Cause::Setup, format!("its name {obstacle}")));
        }
        self.get_by_url(key, Some(block))
    }

    fn get_by_url(&self, key: &Key, block: Option<Block>) -> Result<Reply<Option<Entry>>, Error> {
        let request = Request {
            accepts: Some(404),
            block,
            ..Request::get(path_of(key.as_str()), format!("reading key {key}"))
        };
        self.ask(&request, |answer| one_entry(answer, key))
    }

    fn get_by_txn(&self, key: &Key) -> Result<Reply<Option<Entry>>, Error> {
        let context = self.context(format!("reading key {key}"), false);
        let outcome = self.txn_for(&[Op::Get { key: key.clone() }], &context)?;
        let value = match outcome {
            TxnOutcome::Applied(mut entries) => match entries.pop() {
                // What may not be read is left out in silence.
                None => return Err(context.error(Cause::Denied, "permission denied")),
                some => some,
            },
            TxnOutcome::RolledBack(errors) => match reason(&errors) {
                Some((OpErrorKind::Missing, _)) => None,
                reason => return Err(refused(&context, reason)),
            },
        };
        let meta = Meta::default();
        Ok(Reply { meta, value })
    }

    /// Writes a value. `false`: the CAS was lost or the lock not taken (an unknown session included), nothing changed.
    ///
    /// # Errors
    /// See [`Error::outcome`]: a write may have been applied though no answer came.
    pub fn put(
        &self,
        key: &Key,
        value: &[u8],
        flags: u64,
        write: Write<'_>,
    ) -> Result<bool, Error> {
        if !fits_in_url(key.as_str()) {
            let op = write.op(key.clone(), value.to_vec(), flags);
            return self.write_by_txn(op, format!("writing key {key}"));
        }
        let mut request = Request::put(path_of(key.as_str()), format!("writing key {key}"), value);
        if flags != 0 {
            request.query.add("flags", &flags.to_string());
        }
        match write {
            Write::Plain => {}
            Write::Cas(index) => request.query.add("cas", &index.to_string()),
            Write::Acquire(session) => request.query.add("acquire", session),
            Write::Release(session) => request.query.add("release", session),
        }
        match self.ask(&request, Answer::yes) {
            Ok(yes) => Ok(yes),
            Err(error) if error.cause() == Cause::UnknownSession => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes one key, which need not exist. With `cas`: only if it was last changed at that index.
    ///
    /// # Errors
    /// See [`Error::outcome`]: a delete may have been applied though no answer came.
    pub fn delete(&self, key: &Key, cas: Option<Index>) -> Result<bool, Error> {
        let doing = format!("deleting key {key}");
        if !fits_in_url(key.as_str()) {
            let key = key.clone();
            let op = match cas {
                Some(index) => Op::DeleteCas { key, index },
                None => Op::Delete { key },
            };
            return self.write_by_txn(op, doing);
        }
        let mut request = deletion(key.as_str(), doing);
        if let Some(index) = cas {
            request.query.add("cas", &index.to_string());
        }
        self.ask(&request, Answer::yes)
    }

    /// Deletes all keys that begin with the prefix.
    ///
    /// # Errors
    /// See [`Error::outcome`]: a delete may have been applied though no answer came.
    pub fn delete_prefix(&self, prefix: &Prefix) -> Result<(), Error> {
        let doing = format!("deleting {}", shown(prefix));
        if !fits_in_url(prefix.as_str()) {
            let prefix = prefix.clone();
            return self
                .write_by_txn(Op::DeleteTree { prefix }, doing)
                .map(drop);
        }
        let mut request = deletion(prefix.as_str(), doing);
        request.query.flag("recurse");
        self.ask(&request, Answer::yes).map(drop)
    }

    /// A write of one operation: `false` where its condition did not hold.
    fn write_by_txn(&self, op: Op, doing: String) -> Result<bool, Error> {
        let context = self.context(doing, true);
        match self.txn_for(&[op], &context)? {
            TxnOutcome::Applied(_) => Ok(true),
            TxnOutcome::RolledBack(errors) => match reason(&errors) {
                Some((OpErrorKind::IndexDiffers, _)) => Ok(false),
                Some((OpErrorKind::Other, what)) if is_lock_lost(what) => Ok(false),
                reason => Err(refused(&context, reason)),
            },
        }
    }
}

/// The one entry of an answer, which is that of the key that was asked for.
fn one_entry(answer: Answer, key: &Key) -> Result<Reply<Option<Entry>>, Error> {
    let (found, context) = (answer.status == 200, answer.context.clone());
    let (stream, meta) = Stream::of(answer)?;
    let mut entries = EntryListing::all(stream).collect::<Result<Vec<_>, _>>()?;
    let value = match (entries.pop(), entries.pop()) {
        (None, _) if !found => None,
        (Some(entry), None) if entry.key() == key.as_str() => Some(entry),
        _ => return Err(context.nonsense("it is not the one entry that was asked for")),
    };
    Ok(Reply { meta, value })
}

/// The longest path that the `http` crate takes, less some room for the query.
const LONGEST_PATH: usize = 60_000;

fn fits_in_url(name: &str) -> bool {
    obstacle(name).is_none() && path_of(name).len() <= LONGEST_PATH
}

fn deletion(name: &str, doing: String) -> Request<'static> {
    Request {
        method: "DELETE",
        write: true,
        ..Request::get(path_of(name), doing)
    }
}

/// The words for a lock that another session holds, that nobody holds, that is delayed, or whose
/// session is unknown.
fn is_lock_lost(what: &str) -> bool {
    [
        "failed to lock key",
        "failed to unlock key",
        "invalid session",
        "failed session lookup",
    ]
    .iter()
    .any(|words| what.starts_with(words))
}

fn reason(errors: &[OpError]) -> Option<(OpErrorKind, &str)> {
    errors.first().map(|error| (error.kind, &*error.what))
}

/// A rollback that is no answer to what was asked.
pub(super) fn refused(context: &RequestContext, reason: Option<(OpErrorKind, &str)>) -> Error {
    match reason {
        Some((OpErrorKind::Denied, what)) => {
            context.error(Cause::Denied, format!("permission denied: {what}"))
        }
        Some((_, what)) => context.error(Cause::Refused, format!("the server refused it: {what}")),
        None => context.nonsense("a rollback without a reason"),
    }
}
