//! What a walk asks about parts of its prefix, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Source;
use super::listing::Listing;
use super::non_utf8::NonUtf8Keys;
use super::reuse::EntryReuse;
use super::split::level;
use crate::model::{Entry, Index, Snapshot};

/// A thread that asks parses one answer and compares it.
const STACK: usize = 256 * 1024;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Query {
    /// All that begins with this text: whether it changed.
    Changed(String),
    /// All that begins with this text.
    All(String),
    /// This key.
    Key(String),
    /// All that begins with this text, which a URL cannot carry.
    Unaddressable(String),
}

/// What the server says, against what is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum QueryResult {
    /// To [`Query::Changed`].
    NameListing {
        index: Index,
        listing: Listing,
        /// The newest of the known entries.
        newest: Option<Index>,
    },
    /// To [`Query::All`] and [`Query::Unaddressable`]; the latter has no index.
    EntryListing {
        index: Option<Index>,
        /// Whether there is nothing.
        empty: bool,
        /// The entries, where they are not those that are known.
        fresh: Option<Vec<Entry>>,
        left_out: NonUtf8Keys,
    },
    /// To [`Query::Key`].
    Entry(Option<Entry>),
    /// The server does not take this query.
    Refused,
}

impl Query {
    fn ask<S: Source>(&self, source: &S, seen: &Snapshot) -> Result<QueryResult, S::Error> {
        match self {
            Query::Changed(text) => {
                let known = seen.under(text);
                let (meta, names) = source.names(text, None)?;
                Ok(QueryResult::NameListing {
                    index: meta.index.unwrap_or_default(),
                    listing: Listing::of(names, level(known, text.len()))?,
                    newest: known.iter().map(Entry::modified).max(),
                })
            }
            Query::All(text) => {
                let (meta, entries) = source.entries(text, None)?;
                compared(text, seen, Some(meta.index.unwrap_or_default()), entries)
            }
            Query::Key(key) => Ok(QueryResult::Entry(source.entry(key)?)),
            Query::Unaddressable(text) => match source.unaddressable(text)? {
                Some(entries) => compared(text, seen, None, entries.into_iter().map(Ok)),
                None => Ok(QueryResult::Refused),
            },
        }
    }
}

fn compared<E>(
    text: &str,
    seen: &Snapshot,
    index: Option<Index>,
    entries: impl Iterator<Item = Result<Entry, E>>,
) -> Result<QueryResult, E> {
    let mut reuse = EntryReuse::of(seen.under(text));
    let mut empty = true;
    for entry in entries {
        let entry = entry?;
        empty = false;
        if entry.starts_with(text) {
            reuse.push(entry);
        }
    }
    let (fresh, left_out) = reuse.finish();
    Ok(QueryResult::EntryListing {
        index,
        empty,
        fresh,
        left_out,
    })
}

/// Puts all queries, over so many connections side by side; gives the results in their order.
///
/// # Errors
/// The first that occurs; queries that were not ask yet are not ask then.
pub(super) fn ask_all<S>(
    source: &S,
    seen: &Snapshot,
    queries: &[Query],
    connections: usize,
) -> Result<Vec<QueryResult>, S::Error>
where
    S: Source + Sync,
    S::Error: Send,
{
    let connections = connections.min(queries.len());
    if connections < 2 {
        let ask = |query: &Query| query.ask(source, seen);
        return queries.iter().map(ask).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<QueryResult>>> =
        Mutex::new(queries.iter().map(|_| None).collect());
    let work = || -> Result<(), S::Error> {
        while let Some((at, query)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            queries.get(at).map(|query| (at, query))
        } {
            let result = query.ask(source, seen).inspect_err(|_| {
                next.store(queries.len(), Ordering::Relaxed);
            })?;
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results[at] = Some(result);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..connections)
            .filter_map(|_| {
                let builder = thread::Builder::new().stack_size(STACK);
                // Where the system has no thread to give, the others do the work.
                builder.spawn_scoped(scope, work).ok()
            })
            .collect();
        let own = work();
        let joined = others.into_iter().map(thread::ScopedJoinHandle::join);
        joined.fold(own, |result, joined| match joined {
            Ok(other) => result.and(other),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(results.into_iter().flatten().collect())
}
