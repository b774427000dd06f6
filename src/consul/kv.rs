//! `/v1/kv`: reads, blocking reads and writes of one key. Keys that a URL cannot carry are read and
//! written by transactions.

use super::answer::Answer;
use super::error::Cause;
use super::listing::{EntryListing, Stream};
use super::request::{Block, Request, describe_prefix, path_of};
use super::{Client, Error, ErrorClass, Meta, Reply};
use crate::model::{
    Entry, Index, Key, Op, OpError, OpErrorKind, Prefix, TxnOutcome, abbreviate, obstacle,
};

/// The condition of a write. Consul replaces the flags at every write: without any they become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write<'a> {
    /// None.
    Plain,
    /// The entry was last changed at this index; 0: there is no entry.
    Cas(Index),
    /// The session takes the lock.
    Acquire(&'a str),
    /// The session holds the lock, and releases it.
    Release(&'a str),
}

impl Write<'_> {
    /// Turns the write into an operation of a transaction.
    pub fn into_op(self, key: Key, value: Vec<u8>, flags: u64) -> Op {
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
    /// Reads one entry; `None` where there is none. Keys that a URL cannot carry are read by
    /// transaction.
    ///
    /// # Errors
    /// [`Cause::Denied`] also for a missing key that the token may not read.
    pub fn get(&self, key: &Key) -> Result<Reply<Option<Entry>>, Error> {
        if !fits_in_url(key.as_str()) {
            return self.get_by_txn(key);
        }
        self.get_by_url(key, None, name_key("reading", key))
    }

    /// Reads one entry by a blocking query. The key must be one that a URL can carry.
    ///
    /// # Errors
    /// Those of [`Client::get`], and [`Cause::Setup`] for a key that a URL cannot carry.
    pub fn get_blocking(&self, key: &Key, block: Block) -> Result<Reply<Option<Entry>>, Error> {
        self.check_blocking(key)?;
        self.get_by_url(key, Some(block), name_key("reading", key))
    }

    /// Checks that [`Client::get_blocking`] can read the key. Nothing is sent.
    ///
    /// # Errors
    /// [`Cause::Setup`] where it cannot.
    pub fn check_blocking(&self, key: &Key) -> Result<(), Error> {
        let text = match obstacle(key.as_str()) {
            Some(obstacle) => format!("its name {obstacle}"),
            None if fits_in_url(key.as_str()) => return Ok(()),
            None => "its name is too long for a URL".to_owned(),
        };
        let context = self.context(name_key("watching", key), false);
        Err(context.error(Cause::Setup, text))
    }

    /// Checks that a listing of `prefix` without results is empty rather than hidden, and returns the
    /// table's index; `None` where there is a key by now. Where the token may not read, Consul
    /// answers a listing as if there were no keys, but refuses to read the prefix's own name.
    ///
    /// # Errors
    /// [`Cause::Denied`] where the token may not read.
    pub fn check_empty(&self, prefix: &Prefix) -> Result<Option<Index>, Error> {
        // The nearest name that is a key and fits in a URL: the root has none of its own.
        let clean = prefix.clean();
        let name = if clean.is_root() { "_" } else { clean.as_str() };
        let key = Key::new(name).expect("it is not empty");
        let reply = self.get_by_url(&key, None, format!("listing {}", describe_prefix(prefix)))?;
        Ok(match reply.value {
            Some(entry) if entry.key().starts_with(prefix.as_str()) => None,
            Some(entry) => Some(entry.modified()),
            None => reply.meta.index,
        })
    }

    fn get_by_url(
        &self,
        key: &Key,
        block: Option<Block>,
        doing: String,
    ) -> Result<Reply<Option<Entry>>, Error> {
        let request = Request {
            accepts: Some(404),
            block,
            ..Request::get(path_of(key.as_str()), doing)
        };
        self.ask(&request, |answer| parse_entry(answer, key))
    }

    fn get_by_txn(&self, key: &Key) -> Result<Reply<Option<Entry>>, Error> {
        let context = self.context(name_key("reading", key), false);
        let ops = [Op::Get { key: key.clone() }];
        let value = match self.run_txn(&ops, &context)? {
            TxnOutcome::Applied(mut results) => match results.pop() {
                Some(result) => Some(result.entry),
                // An entry that may not be read has no result.
                None => return Err(context.error(Cause::Denied, "permission denied")),
            },
            TxnOutcome::RolledBack(errors) => match OpError::decisive(&errors) {
                Some(error) if error.kind == OpErrorKind::Missing => None,
                _ => return Err(context.rolled_back(&ops, &errors)),
            },
        };
        let meta = Meta::default();
        Ok(Reply { meta, value })
    }

    /// Writes a value. Returns `false` where nothing changed: the CAS failed, or the lock was not
    /// acquired (also for an unknown session) or not held.
    ///
    /// # Errors
    /// [`Error::class`] tells whether the write may have been applied.
    pub fn put(
        &self,
        key: &Key,
        value: &[u8],
        flags: u64,
        write: Write<'_>,
    ) -> Result<bool, Error> {
        if !fits_in_url(key.as_str()) {
            let op = write.into_op(key.clone(), value.to_vec(), flags);
            return self.write_by_txn(op, name_key("writing", key));
        }
        let mut request = Request::put(path_of(key.as_str()), name_key("writing", key), value);
        if flags != 0 {
            request.query.add("flags", &flags.to_string());
        }
        match write {
            Write::Plain => {}
            Write::Cas(index) => request.query.add("cas", &index.to_string()),
            Write::Acquire(session) => request.query.add("acquire", session),
            Write::Release(session) => request.query.add("release", session),
        }
        match self.ask(&request, Answer::into_bool) {
            Ok(yes) => Ok(yes),
            Err(error) if error.cause() == Cause::UnknownSession => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends a value in a write that never applies, because no key has its index: whether the server takes
    /// a value of this size, and the token may write the key.
    ///
    /// # Errors
    /// [`Cause::TooLarge`] where the value is over a limit of the server.
    pub fn try_put(&self, key: &Key, value: &[u8]) -> Result<(), Error> {
        self.put(key, value, 0, Write::Cas(Index(u64::MAX)))
            .map(drop)
    }

    /// Overwrites an existing key in one transaction, and returns whether that changed it: Consul
    /// leaves the index of an identical write alone. `None` where nothing was done, because the key
    /// does not exist, the condition does not hold or the server refuses the transaction:
    /// [`Client::put`] then tells why.
    ///
    /// # Errors
    /// [`Error::class`] tells whether the write may have been applied.
    pub fn overwrite(
        &self,
        key: &Key,
        value: &[u8],
        flags: u64,
        write: Write<'_>,
    ) -> Result<Option<bool>, Error> {
        let mut ops = vec![write.into_op(key.clone(), value.to_vec(), flags)];
        // The index of a CAS is the one before the write.
        let known = match write {
            Write::Cas(index) => Some(index),
            Write::Plain | Write::Acquire(_) | Write::Release(_) => {
                ops.insert(0, Op::Get { key: key.clone() });
                None
            }
        };
        let doing = name_key("writing", key);
        let Some(TxnOutcome::Applied(results)) = self.try_txn(&ops, doing)? else {
            return Ok(None);
        };
        let mut indexes = results.iter().map(|result| result.entry.modified());
        let before = known.or_else(|| indexes.next());
        Ok(Some(before != indexes.next()))
    }

    /// Deletes one key, and returns whether it existed.
    ///
    /// # Errors
    /// [`Error::class`] tells whether the delete may have been applied.
    pub fn delete_existing(&self, key: &Key) -> Result<bool, Error> {
        let ops = [
            Op::Get { key: key.clone() },
            Op::Delete { key: key.clone() },
        ];
        match self.try_txn(&ops, name_key("deleting", key))? {
            Some(TxnOutcome::Applied(_)) => Ok(true),
            Some(TxnOutcome::RolledBack(errors))
                if errors
                    .iter()
                    .all(|error| error.kind == OpErrorKind::Missing) =>
            {
                Ok(false)
            }
            // The request of its own tells why not.
            Some(TxnOutcome::RolledBack(_)) | None => self.delete(key, None),
        }
    }

    /// Runs a transaction that stands for a request of its own; `None` where the server, or a proxy
    /// before it, refuses it, so that nothing was done.
    fn try_txn(&self, ops: &[Op], doing: String) -> Result<Option<TxnOutcome>, Error> {
        match self.run_txn(ops, &self.context(doing, true)) {
            Ok(outcome) => Ok(Some(outcome)),
            Err(error) => match (error.class(), error.cause()) {
                (ErrorClass::Refused | ErrorClass::Denied, _) | (_, Cause::NotConsul) => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// Deletes one key, which need not exist. With `cas`: only if it was last changed at that index.
    ///
    /// # Errors
    /// [`Error::class`] tells whether the delete may have been applied.
    pub fn delete(&self, key: &Key, cas: Option<Index>) -> Result<bool, Error> {
        let doing = name_key("deleting", key);
        if !fits_in_url(key.as_str()) {
            let key = key.clone();
            let op = match cas {
                Some(index) => Op::DeleteCas { key, index },
                None => Op::Delete { key },
            };
            return self.write_by_txn(op, doing);
        }
        let mut request = delete_request(key.as_str(), doing);
        if let Some(index) = cas {
            request.query.add("cas", &index.to_string());
        }
        self.ask(&request, Answer::into_bool)
    }

    /// Deletes all keys that start with the prefix.
    ///
    /// # Errors
    /// [`Error::class`] tells whether the delete may have been applied.
    pub fn delete_prefix(&self, prefix: &Prefix) -> Result<(), Error> {
        let doing = format!("deleting {}", describe_prefix(prefix));
        if !fits_in_url(prefix.as_str()) {
            let prefix = prefix.clone();
            return self
                .write_by_txn(Op::DeleteTree { prefix }, doing)
                .map(drop);
        }
        let mut request = delete_request(prefix.as_str(), doing);
        request.query.flag("recurse");
        self.ask(&request, Answer::into_bool).map(drop)
    }

    /// Runs a write of one operation; `false` where its condition did not hold.
    fn write_by_txn(&self, op: Op, doing: String) -> Result<bool, Error> {
        let context = self.context(doing, true);
        let ops = [op];
        match self.run_txn(&ops, &context)? {
            TxnOutcome::Applied(_) => Ok(true),
            TxnOutcome::RolledBack(errors) => match OpError::decisive(&errors) {
                Some(error) if is_unmet_condition(error) => Ok(false),
                _ => Err(context.rolled_back(&ops, &errors)),
            },
        }
    }
}

/// Parses an answer that holds the entry of the key, or none.
fn parse_entry(answer: Answer, key: &Key) -> Result<Reply<Option<Entry>>, Error> {
    let (found, context) = (answer.status == 200, answer.context.clone());
    let (stream, meta) = Stream::new(answer)?;
    let mut entries = EntryListing::all(stream).collect::<Result<Vec<_>, _>>()?;
    let value = match (entries.pop(), entries.pop()) {
        (None, _) if !found => None,
        (Some(entry), None) if entry.key() == key.as_str() => Some(entry),
        _ => return Err(context.invalid_answer("expected the one entry that was requested")),
    };
    Ok(Reply { meta, value })
}

/// The longest path of a URL: the limit of the `http` crate, less some room for the query.
pub(super) const LONGEST_PATH: usize = 60_000;

fn fits_in_url(name: &str) -> bool {
    obstacle(name).is_none() && path_of(name).len() <= LONGEST_PATH
}

fn delete_request(name: &str, doing: String) -> Request<'static> {
    Request {
        method: "DELETE",
        write: true,
        ..Request::get(path_of(name), doing)
    }
}

/// Whether the condition of a write did not hold: the index of a CAS, or the lock, which another
/// session holds, nobody holds, is in its lock-delay, or whose session is unknown.
fn is_unmet_condition(error: &OpError) -> bool {
    const LOCK: [&str; 4] = [
        "failed to lock key",
        "failed to unlock key",
        "invalid session",
        "failed session lookup",
    ];
    match error.kind {
        OpErrorKind::IndexDiffers => true,
        OpErrorKind::Other => LOCK.iter().any(|text| error.what.starts_with(text)),
        OpErrorKind::Missing | OpErrorKind::Denied => false,
    }
}
/// Describes an operation on a key, for errors.
fn name_key(doing: &str, key: &Key) -> String {
    format!("{doing} key {}", abbreviate(key.as_str()))
}
