//! `/v1/kv`: reads, blocking reads, writes of one key. Names that a URL cannot carry take the way
//! of a transaction.

use std::marker::PhantomData;
use std::time::Duration;

use super::client::{Answer, Reader, Request, encoded};
use super::error::{Cause, Context};
use super::json::{Elements, EntryReader, Fault};
use super::{Client, Error, Meta, Reply};
use crate::model::{Entry, Index, Key, Op, OpError, OpErrorKind, Prefix, TxnOutcome, obstacle};

/// A blocking query: hold the answer until the index is higher than `since` or `wait` is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The index last seen, at least 1.
    pub since: Index,
    /// How long the server holds; it adds up to a sixteenth.
    pub wait: Duration,
}

/// A listing's elements as they come from the socket; none where Consul answered 404. An error is
/// the last item.
struct Stream {
    body: Option<(Elements<Reader>, Context)>,
}

impl Stream {
    fn of(answer: Answer) -> Result<(Self, Meta), Error> {
        let meta = answer.meta;
        answer.index()?;
        if answer.status == 404 {
            answer.bytes()?;
            return Ok((Stream { body: None }, meta));
        }
        let (reader, context) = answer.reader();
        let body = Some((Elements::new(reader), context));
        Ok((Stream { body }, meta))
    }

    fn next<'de, S>(&mut self, seed: S) -> Option<Result<S::Value, Error>>
    where
        S: serde::de::DeserializeSeed<'de>,
    {
        let (elements, context) = self.body.as_mut()?;
        let item = match elements.next(seed) {
            Ok(element) => element.map(Ok),
            Err(fault) => Some(Err(told(context, fault))),
        };
        if !matches!(item, Some(Ok(_))) {
            self.body = None;
        }
        item
    }
}

fn told(context: &Context, fault: Fault) -> Error {
    match fault {
        Fault::Io(error) => context.body(&error),
        Fault::Cut => context.cut_off(),
        Fault::Json(error) => context.json(error),
        Fault::Expected(what) => context.nonsense(format_args!("it lacks {what}")),
    }
}

/// Entries pulled from the socket one by one, in the server's order.
pub struct Entries {
    stream: Stream,
    reader: EntryReader,
    /// What keys must begin with, where the listing is wider than what was asked for.
    only: Option<Prefix>,
}

impl Iterator for Entries {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let item = self.stream.next(&mut self.reader)?;
            match (&item, &self.only) {
                (Ok(entry), Some(only)) if !entry.key().starts_with(only.as_str()) => {}
                _ => return Some(item),
            }
        }
    }
}

/// Names pulled from the socket one by one.
pub struct Names {
    stream: Stream,
    /// Prefix and separator, where the listing is wider than what was asked for and not cut.
    cut: Option<(Prefix, String)>,
    last: Option<String>,
}

impl Iterator for Names {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let item = self.stream.next(PhantomData::<String>)?;
            let (Ok(name), Some((prefix, separator))) = (&item, &self.cut) else {
                return Some(item);
            };
            let Some(name) = cut(name, prefix.as_str(), separator) else {
                continue;
            };
            if self.last.as_deref() != Some(name) {
                self.last = Some(name.to_owned());
                return Some(Ok(name.to_owned()));
            }
        }
    }
}

/// The name up to the first separator after the prefix, as Consul cuts it; `None` outside of it.
fn cut<'a>(name: &'a str, prefix: &str, separator: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(prefix)?;
    let end = match rest.find(separator) {
        Some(at) if !separator.is_empty() => prefix.len() + at + separator.len(),
        _ => name.len(),
    };
    Some(&name[..end])
}

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
        let answer = self.send(&request)?;
        let (found, context) = (answer.status == 200, answer.context.clone());
        let (stream, meta) = Stream::of(answer)?;
        let entries = Entries {
            stream,
            reader: EntryReader::default(),
            only: None,
        };
        let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
        match (entries.pop(), entries.pop()) {
            (None, _) if !found => Ok(Reply { meta, value: None }),
            (Some(entry), None) if entry.key() == key.as_str() => Ok(Reply {
                meta,
                value: Some(entry),
            }),
            _ => Err(context.nonsense("it is not the one entry that was asked for")),
        }
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

    /// All entries whose keys begin with `prefix`. An unclean prefix is listed from its nearest clean
    /// folder and filtered here.
    ///
    /// # Errors
    /// A body that breaks off or is no list of entries shows while it is pulled.
    pub fn entries(&self, prefix: &Prefix, block: Option<Block>) -> Result<Reply<Entries>, Error> {
        let clean = prefix.clean();
        let mut request = listing(&clean, format!("listing {}", shown(prefix)), block);
        request.query.flag("recurse");
        let (stream, meta) = Stream::of(self.send(&request)?)?;
        let value = Entries {
            stream,
            reader: EntryReader::default(),
            only: (clean != *prefix).then(|| prefix.clone()),
        };
        Ok(Reply { meta, value })
    }

    /// The names that begin with `prefix`, cut behind the first `separator` after it (empty: not cut).
    ///
    /// # Errors
    /// A body that breaks off or is no list of names shows while it is pulled.
    pub fn names(
        &self,
        prefix: &Prefix,
        separator: &str,
        block: Option<Block>,
    ) -> Result<Reply<Names>, Error> {
        let clean = prefix.clean();
        let mut request = listing(
            &clean,
            format!("listing names below {}", shown(prefix)),
            block,
        );
        request.query.flag("keys");
        let exact = clean == *prefix;
        if exact && !separator.is_empty() {
            request.query.add("separator", separator);
        }
        let (stream, meta) = Stream::of(self.send(&request)?)?;
        let value = Names {
            stream,
            cut: (!exact).then(|| (prefix.clone(), separator.to_owned())),
            last: None,
        };
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
            let op = put_op(key.clone(), value.to_vec(), flags, write);
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
        match self.send(&request) {
            Ok(answer) => answer.yes(),
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
        self.send(&request)?.yes()
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
        self.send(&request)?.yes().map(drop)
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

/// The longest path that the `http` crate takes, less some room for the query.
const LONGEST_PATH: usize = 60_000;

fn fits_in_url(name: &str) -> bool {
    obstacle(name).is_none() && path_of(name).len() <= LONGEST_PATH
}

fn path_of(name: &str) -> String {
    format!("/v1/kv/{}", encoded(name))
}

fn shown(prefix: &Prefix) -> String {
    if prefix.is_root() {
        "the whole store".to_owned()
    } else {
        format!("prefix {prefix}")
    }
}

fn listing(clean: &Prefix, doing: String, block: Option<Block>) -> Request<'static> {
    Request {
        accepts: Some(404),
        block,
        ..Request::get(path_of(clean.as_str()), doing)
    }
}

fn deletion(name: &str, doing: String) -> Request<'static> {
    Request {
        method: "DELETE",
        write: true,
        ..Request::get(path_of(name), doing)
    }
}

fn put_op(key: Key, value: Vec<u8>, flags: u64, write: Write<'_>) -> Op {
    match write {
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

/// The words for a lock that another session holds, that nobody holds, that is delayed, or whose
/// session is unknown.
fn is_lock_lost(what: &str) -> bool {
    [
        "failed to lock key",
        "failed to unlock key",
        "invalid session",
    ]
    .iter()
    .any(|words| what.starts_with(words))
}

fn reason(errors: &[OpError]) -> Option<(OpErrorKind, &str)> {
    errors.first().map(|error| (error.kind, &*error.what))
}

fn refused(context: &Context, reason: Option<(OpErrorKind, &str)>) -> Error {
    match reason {
        Some((OpErrorKind::Denied, what)) => {
            context.error(Cause::Denied, format!("permission denied: {what}"))
        }
        Some((_, what)) => context.error(Cause::Refused, format!("the server refused it: {what}")),
        None => context.nonsense("a rollback without a reason"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_as_consul_cuts_them() {
        let names = ["web", "web-x", "web/B", "web/b/", "web/b/c", "web2"];
        let cut_all = |prefix, separator| {
            let mut all: Vec<_> = names
                .iter()
                .filter_map(|name| cut(name, prefix, separator))
                .collect();
            all.dedup();
            all
        };
        assert_eq!(cut_all("web/", "/"), ["web/B", "web/b/"]);
        assert_eq!(cut_all("web", "/"), ["web", "web-x", "web/", "web2"]);
        assert_eq!(cut_all("web/", ""), ["web/B", "web/b/", "web/b/c"]);
        assert_eq!(cut_all("we", "b"), ["web"]);
    }
}
