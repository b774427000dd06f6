//! Queries about parts of a walk's prefix, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::WalkSource;
use super::listing::Listing;
use super::non_utf8::NonUtf8Keys;
use super::reuse::EntryReuse;
use super::split::level_names;
use crate::model::{Entry, Index, Snapshot};

/// The stack of a thread that parses one answer at a time and compares it.
const STACK_SIZE: usize = 256 * 1024;

/// A query about a part of the prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Query {
    /// Whether the keys that begin with this text changed, by their index and names.
    Names(String),
    /// All entries whose keys begin with this text.
    Entries(String),
    /// The entry of this key.
    Key(String),
    /// All entries whose keys begin with this text, which a URL cannot carry.
    Unaddressable(String),
}

/// The answer to a query, compared with the known entries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum QueryResult {
    /// The result of [`Query::Names`].
    NameListing {
        index: Index,
        listing: Listing,
        /// The highest modify index of the known entries.
        newest_known: Option<Index>,
    },
    /// The result of [`Query::Entries`] and [`Query::Unaddressable`]; the latter has no index.
    EntryListing {
        index: Option<Index>,
        /// Whether the answer holds no entry.
        is_empty: bool,
        /// The entries; `None` where they equal the known ones.
        fresh: Option<Vec<Entry>>,
        left_out: NonUtf8Keys,
    },
    /// The result of [`Query::Key`].
    Entry(Option<Entry>),
    /// The server refused the query.
    Refused,
}

impl Query {
    fn ask<S: WalkSource>(&self, source: &S, seen: &Snapshot) -> Result<QueryResult, S::Error> {
        match self {
            Query::Names(text) => {
                let known = seen.under(text);
                let (meta, names) = source.names(text, None)?;
                Ok(QueryResult::NameListing {
                    index: meta.index.unwrap_or_default(),
                    listing: Listing::compare(names, level_names(known, text.len()))?,
                    newest_known: known.iter().map(Entry::modified).max(),
                })
            }
            Query::Entries(text) => {
                let (meta, entries) = source.entries(text, None)?;
                compare_entries(text, seen, Some(meta.index.unwrap_or_default()), entries)
            }
            Query::Key(key) => Ok(QueryResult::Entry(source.entry(key)?)),
            Query::Unaddressable(text) => match source.unaddressable(text)? {
                Some(entries) => compare_entries(text, seen, None, entries.into_iter().map(Ok)),
                None => Ok(QueryResult::Refused),
            },
        }
    }
}

fn compare_entries<E>(
    text: &str,
    seen: &Snapshot,
    index: Option<Index>,
    entries: impl Iterator<Item = Result<Entry, E>>,
) -> Result<QueryResult, E> {
    let mut reuse = EntryReuse::new(seen.under(text));
    let mut is_empty = true;
    for entry in entries {
        let entry = entry?;
        is_empty = false;
        if entry.starts_with(text) {
            reuse.push(entry);
        }
    }
    let (fresh, left_out) = reuse.finish();
    Ok(QueryResult::EntryListing {
        index,
        is_empty,
        fresh,
        left_out,
    })
}

/// Asks all queries, over up to this number of connections side by side; returns the results in the
/// order of the queries.
///
/// # Errors
/// The first that occurs; queries that were not sent yet are not sent then.
pub(super) fn ask_all<S>(
    source: &S,
    seen: &Snapshot,
    queries: &[Query],
    connections: usize,
) -> Result<Vec<QueryResult>, S::Error>
where
    S: WalkSource + Sync,
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
                let builder = thread::Builder::new().stack_size(STACK_SIZE);
                // Where the system refuses a thread, the others do the work.
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
