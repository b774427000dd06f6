//! The state file of a watch: what was handled, acknowledged in memory and saved on disk.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::format::{Corruption, FileKey, Identity, Keep, RecordWriter};
use super::handled::HandledState;
use super::journal::{Journal, OpenError};
use super::{messages, parse};
use crate::backoff::Backoff;
use crate::exit::Failure;
use crate::model::{Batch, Snapshot, TargetId};
use crate::random;

/// The size in bytes up to which a journal may grow before the file is compacted.
const ROOM: u64 = 64 * 1024;

/// The number of unsaved records that are kept. Beyond, the whole base is written once writing
/// works again.
const MANY: usize = 1000;

/// The first and the longest back-off between two attempts to save.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The state file of a watch.
pub struct StateFile {
    path: PathBuf,
    handled: HandledState,
    journal: Journal,
    /// The journal's length in bytes at which the file is compacted.
    compact_at: u64,
    /// Whether the base on the disk has no entries. A file that is cut behind such a base is that of
    /// a watch that has handled nothing.
    base_is_empty: bool,
    /// The records that are not on the disk yet, in order.
    unsaved: Vec<UnsavedRecord>,
    /// Whether no journal leads from what is on the disk to what was handled: the base has to be
    /// written.
    outdated: bool,
    /// Whether the file lacks values or sessions that are to be kept: they come in as they become
    /// known.
    incomplete: bool,
    failing: Option<FailedSave>,
    /// The changes of saving that were not taken yet.
    save_changes: Vec<SaveChange>,
}

enum UnsavedRecord {
    Run(Batch),
    Handled(Batch),
}

struct FailedSave {
    backoff: Backoff,
    retry: Instant,
}

/// A change in whether what was handled can be saved.
#[derive(Debug)]
pub enum SaveChange {
    /// It cannot, for the first time. Handling goes on, and saving is tried again.
    Failed(Failure),
    /// It can again, and everything is on the disk.
    Restored,
}

/// A state file that was opened.
pub struct OpenedStateFile {
    /// The file.
    pub state_file: StateFile,
    /// Whether it is new: nothing was handled yet.
    pub new: bool,
    /// Warnings for the user, one line each.
    pub warnings: Vec<String>,
}

impl StateFile {
    /// Opens the file or creates it, and locks it until the end of the process.
    ///
    /// # Errors
    /// When it belongs to another watch, is corrupted, in use, or cannot be written. It never
    /// starts over by itself.
    pub fn open(path: &Path, identity: Identity, keep: Keep) -> Result<OpenedStateFile, Failure> {
        let failure = |refused| messages::describe_error(path, refused);
        match Journal::open(path).map_err(failure)? {
            Some(mut journal) => {
                let read = read(&mut journal).map_err(|error| failure(error.into()))?;
                let bytes =
                    read.map_err(|corruption| messages::describe_corruption(path, &corruption))?;
                Self::load(path, journal, &bytes, identity, keep)
            }
            None => {
                let key = random::bytes().map_err(|error| failure(error.into()))?;
                let handled = HandledState::new(identity, FileKey::new(key), keep);
                let base = handled.base();
                let journal = Journal::create(path, &base).map_err(failure)?;
                Ok(OpenedStateFile {
                    state_file: Self::with(path, handled, journal, (base.len() as u64, 0)),
                    new: true,
                    warnings: Vec::new(),
                })
            }
        }
    }

    fn load(
        path: &Path,
        mut journal: Journal,
        bytes: &[u8],
        identity: Identity,
        keep: Keep,
    ) -> Result<OpenedStateFile, Failure> {
        let contents = parse::parse(bytes)
            .map_err(|corruption| messages::describe_corruption(path, &corruption))?;
        messages::check_identity(path, &contents.head.identity, &identity)?;
        let torn = contents.end < bytes.len() as u64;
        let warnings = warnings(path, &contents.head.identity, &identity, torn);
        let handled = HandledState::load(&contents, identity, keep)
            .map_err(|corruption| messages::describe_corruption(path, &corruption))?;
        // It is the file of this watch: only now is anything changed.
        let failure = |error: io::Error| messages::describe_error(path, error.into());
        journal.claim().map_err(failure)?;
        if torn {
            journal.cut(contents.end).map_err(failure)?;
        }
        // Entries name their target by its place in the file's head; and a secret that is no longer
        // to be kept must leave the file too.
        let rewrite = contents.head.identity != *handled.identity()
            || (!keep.values && contents.has_values());
        let base = (contents.base, contents.entries.len());
        let mut state_file = Self::with(path, handled, journal, base);
        state_file.incomplete = contents.lacks(keep);
        if rewrite {
            let replaced = state_file.compact();
            replaced.map_err(|refused| messages::describe_error(path, refused))?;
        }
        Ok(OpenedStateFile {
            state_file,
            new: false,
            warnings,
        })
    }

    /// A state file whose base has this size in bytes and in entries.
    fn with(path: &Path, handled: HandledState, journal: Journal, base: (u64, usize)) -> Self {
        let (base, entries) = base;
        StateFile {
            path: path.to_owned(),
            handled,
            journal,
            compact_at: base + base.max(ROOM),
            base_is_empty: entries == 0,
            unsaved: Vec::new(),
            outdated: false,
            incomplete: false,
            failing: None,
            save_changes: Vec::new(),
        }
    }

    /// Returns what a restart compares Consul with: what was last handled of this target, and keys
    /// that were shown to a handler but not handled. Values that were not kept are unknown.
    pub fn at_start(&self, target: TargetId) -> Snapshot {
        self.handled.at_start(target)
    }

    /// Whether Consul looks as if it had been reset: entries were handled, none exists, and the
    /// index went back. Once `held` for that, it looks so until every handled key exists again:
    /// while an import fills it, a key that is still missing was not deleted.
    pub fn looks_reset(&self, target: TargetId, seen: &Snapshot, held: bool) -> bool {
        let handled = self.handled.handled(target);
        if held {
            return !handled.vanished(seen).is_empty();
        }
        seen.is_empty() && !handled.is_empty() && seen.index() < handled.index()
    }

    /// Fills in what only Consul can tell, see [`HandledState::recall`].
    pub fn recall(
        &mut self,
        target: TargetId,
        last: &Snapshot,
        seen: &Snapshot,
    ) -> Option<Snapshot> {
        let recalled = self.handled.recall(target, last, seen)?;
        self.outdated |= self.incomplete;
        Some(recalled)
    }

    /// Records that a handler is about to be shown a batch. Where kvw is killed before it was
    /// handled, its keys come again, also those that are by then what they were before.
    pub fn begin_run(&mut self, batch: &Batch, now: Instant, random: f64) {
        if self.handled.has_begun(batch) {
            return self.retry(now, random);
        }
        self.handled.begin(batch);
        self.add(UnsavedRecord::Run(batch.clone()), now, random);
    }

    /// Records a batch as handled: one record, whatever the number of keys.
    pub fn acknowledge(&mut self, batch: &Batch, now: Instant, random: f64) {
        self.handled.apply(batch);
        self.add(UnsavedRecord::Handled(batch.clone()), now, random);
    }

    fn add(&mut self, unsaved: UnsavedRecord, now: Instant, random: f64) {
        self.unsaved.push(unsaved);
        if self.unsaved.len() > MANY {
            self.unsaved.clear();
            self.outdated = true;
        }
        self.flush(now, random);
    }

    /// Records every present entry as handled: for a watch that skips what exists at startup.
    pub fn adopt(&mut self, target: TargetId, seen: &Snapshot, now: Instant, random: f64) {
        self.handled.adopt(target, seen);
        self.outdated = true;
        self.flush(now, random);
    }

    /// The time at which to call [`StateFile::retry`].
    pub fn deadline(&self) -> Option<Instant> {
        self.failing.as_ref().map(|failing| failing.retry)
    }

    /// Tries again what could not be saved, if it is time.
    pub fn retry(&mut self, now: Instant, random: f64) {
        if self
            .failing
            .as_ref()
            .is_some_and(|failing| failing.retry <= now)
        {
            self.flush(now, random);
        }
    }

    /// Takes what changed in saving since the last call, in order.
    pub fn take_save_changes(&mut self) -> Vec<SaveChange> {
        std::mem::take(&mut self.save_changes)
    }

    /// Saves what is unsaved, for the last time.
    ///
    /// # Errors
    /// When something that was handled cannot be saved: it will be delivered again.
    pub fn close(mut self) -> Result<(), Failure> {
        self.write().map_err(|refused| {
            messages::describe_error(&self.path, refused)
                .hint("what was not saved is handled again after a restart")
        })
    }

    fn flush(&mut self, now: Instant, random: f64) {
        match (self.write(), &mut self.failing) {
            (Ok(()), None) => {}
            (Ok(()), failing) => {
                *failing = None;
                self.save_changes.push(SaveChange::Restored);
            }
            // Each batch is a try too, but not one that makes the next one wait longer.
            (Err(_), Some(failing)) => {
                if failing.retry <= now {
                    failing.retry = now + failing.backoff.next(random);
                }
            }
            (Err(error), None) => {
                let mut backoff = Backoff::new(RETRY.0, RETRY.1);
                let retry = now + backoff.next(random);
                self.failing = Some(FailedSave { backoff, retry });
                let failure = messages::describe_error(&self.path, error);
                self.save_changes.push(SaveChange::Failed(failure));
            }
        }
    }

    fn write(&mut self) -> Result<(), OpenError> {
        if self.outdated || !self.journal.is_intact()? {
            return self.compact();
        }
        if self.unsaved.is_empty() {
            return Ok(());
        }
        if self.base_is_empty && self.handled.entries() > 0 {
            return self.compact();
        }
        let mut writer = RecordWriter::at(*self.handled.key(), self.journal.end());
        for unsaved in &self.unsaved {
            writer.add(&match unsaved {
                UnsavedRecord::Run(batch) => self.handled.run_record(batch),
                UnsavedRecord::Handled(batch) => self.handled.record(batch),
            });
        }
        self.journal.append(&writer.into_bytes())?;
        self.unsaved.clear();
        if self.journal.end() > self.compact_at && self.compact().is_err() {
            // Everything is saved all the same: not worth a message, and worth a try only much
            // later.
            self.compact_at = self.journal.end() * 2;
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<(), OpenError> {
        let base = self.handled.base();
        let own = self.handled.identity();
        self.journal.replace(&base, |other| {
            let bytes = read(other)?;
            let contents = bytes.as_ref().map(|bytes| parse::parse(bytes));
            Ok(contents.is_ok_and(|contents| {
                contents.is_ok_and(|contents| messages::is_same_watch(&contents.head.identity, own))
            }))
        })?;
        self.base_is_empty = self.handled.entries() == 0;
        let base = base.len() as u64;
        self.compact_at = base + base.max(ROOM);
        self.unsaved.clear();
        self.outdated = false;
        self.incomplete = false;
        Ok(())
    }
}

impl fmt::Debug for StateFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the state: it may hold values.
        f.debug_struct("StateFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Reads a file, of which the first line decides whether the rest is read.
fn read(journal: &mut Journal) -> io::Result<Result<Vec<u8>, Corruption>> {
    let start = journal.read_start(parse::START)?;
    match parse::check_start(&start) {
        Ok(()) => journal.read().map(Ok),
        Err(corruption) => Ok(Err(corruption)),
    }
}

/// Returns warnings about a file that was opened.
fn warnings(path: &Path, file: &Identity, own: &Identity, torn: bool) -> Vec<String> {
    let path = path.display();
    let (was, is) = (&file.address, &own.address);
    let moved = || format!("the state file {path} was written for Consul at {was}, now at {is}");
    let cut = || format!("the last record of {path} was cut short; its batch comes again");
    let moved = (was != is).then(moved);
    moved.into_iter().chain(torn.then(cut)).collect()
}

#[cfg(test)]
mod tests;
