//! What a walk asks about parts of its prefix, several at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Source;
use super::listing::Listing;
use super::renewal::Renewal;
use super::split::level;
use super::unreadable::LeftOut;
use crate::model::{Entry, Index, Snapshot};

/// A thread that asks parses one answer and compares it.
const STACK: usize = 256 * 1024;

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// All that begins with this text: whether it changed.
    Changed(String),
    /// All that begins with this text.
    All(String),
    /// This key.
    Key(String),
    /// All that begins with this text, which a URL cannot carry.
    Hidden(String),
}

/// What the server says, against what is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// To [`Question::Changed`].
    Names {
        index: Index,
        listing: Listing,
        /// The newest of the known entries.
        newest: Option<Index>,
    },
    /// To [`Question::All`] and [`Question::Hidden`]; the latter has no index.
    Entries {
        index: Option<Index>,
        /// Whether there is nothing.
        empty: bool,
        /// The entries, where they are not those that are known.
        fresh: Option<Vec<Entry>>,
        left_out: LeftOut,
    },
    /// To [`Question::Key`].
    Entry(Option<Entry>),
    /// The server does not take this question.
    Refused,
}

impl Question {
    fn put<S: Source>(&self, source: &S, seen: &Snapshot) -> Result<Reply, S::Error> {
        match self {
            Question::Changed(text) => {
                let known = seen.under(text);
                let (meta, names) = source.names(text, None)?;
                Ok(Reply::Names {
                    index: meta.index.unwrap_or_default(),
                    listing: Listing::of(names, level(known, text.len()))?,
                    newest: known.iter().map(Entry::modified).max(),
                })
            }
            Question::All(text) => {
                let (meta, entries) = source.entries(text, None)?;
                compared(text, seen, Some(meta.index.unwrap_or_default()), entries)
            }
            Question::Key(key) => Ok(Reply::Entry(source.entry(key)?)),
            Question::Hidden(text) => match source.hidden(text)? {
                Some(entries) => compared(text, seen, None, entries.into_iter().map(Ok)),
                None => Ok(Reply::Refused),
            },
        }
    }
}

fn compared<E>(
    text: &str,
    seen: &Snapshot,
    index: Option<Index>,
    entries: impl Iterator<Item = Result<Entry, E>>,
) -> Result<Reply, E> {
    let mut renewal = Renewal::of(seen.under(text));
    let mut empty = true;
    for entry in entries {
        let entry = entry?;
        empty = false;
        if entry.begins_with(text) {
            renewal.push(entry);
        }
    }
    let (fresh, left_out) = renewal.finish();
    Ok(Reply::Entries {
        index,
        empty,
        fresh,
        left_out,
    })
}

/// Puts all questions, over so many connections side by side; gives the replies in their order.
///
/// # Errors
/// The first that occurs; questions that were not put yet are not put then.
pub(super) fn put_all<S>(
    source: &S,
    seen: &Snapshot,
    questions: &[Question],
    lanes: usize,
) -> Result<Vec<Reply>, S::Error>
where
    S: Source + Sync,
    S::Error: Send,
{
    let lanes = lanes.min(questions.len());
    if lanes < 2 {
        let put = |question: &Question| question.put(source, seen);
        return questions.iter().map(put).collect();
    }
    let next = AtomicUsize::new(0);
    let replies: Mutex<Vec<Option<Reply>>> = Mutex::new(questions.iter().map(|_| None).collect());
    let work = || -> Result<(), S::Error> {
        while let Some((at, question)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            questions.get(at).map(|question| (at, question))
        } {
            let reply = question.put(source, seen).inspect_err(|_| {
                next.store(questions.len(), Ordering::Relaxed);
            })?;
            let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
            replies[at] = Some(reply);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..lanes)
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
    let replies = replies.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(replies.into_iter().flatten().collect())
}
