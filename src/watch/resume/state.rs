//! What was handled, and the file that keeps it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::format::{Identity, Secret, Writer};
use super::journal::{Journal, Refused};
use super::memory::{Keep, Memory};
use super::{reading, refusal};
use crate::backoff::Backoff;
use crate::exit::Failure;
use crate::model::{Batch, Snapshot, TargetId};
use crate::watch::withheld::vanished;

/// A journal may always grow to this before the file is compacted.
const ROOM: u64 = 64 * 1024;

/// So many unsaved records are kept; beyond, the whole base is written when writing goes again.
const MANY: usize = 1000;

/// Between two attempts to save.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The state file of a watch.
pub struct Resume {
    path: PathBuf,
    memory: Memory,
    journal: Journal,
    /// The journal's length at which the file is compacted.
    compact_at: u64,
    /// What is not on the disk yet, in order.
    unsaved: Vec<Unsaved>,
    /// No journal leads from what is on the disk to what was handled: the base has to be written.
    outdated: bool,
    /// The file lacks values or sessions that are to be kept: they come in as they become known.
    incomplete: bool,
    failing: Option<Failing>,
}

enum Unsaved {
    Run(Batch),
    Handled(Batch),
}

struct Failing {
    backoff: Backoff,
    retry: Instant,
}

/// What became of saving.
#[derive(Debug)]
pub enum Saved {
    /// All that was handled is on the disk.
    Yes,
    /// So it is, again: the first time after a failure.
    Again,
    /// It is not, for the first time: to be said. Handling goes on, saving is tried again.
    Failed(Failure),
    /// It is not, still.
    NotYet,
}

/// An opened state file.
pub struct Opened {
    /// The file.
    pub resume: Resume,
    /// Whether there was none: nothing was handled yet.
    pub new: bool,
    /// What the user should know, in one line each.
    pub notes: Vec<String>,
}

impl Resume {
    /// Opens the file or makes it, and holds it until the end of the process.
    ///
    /// # Errors
    /// Where it belongs to something else, is damaged, in use, or cannot be written. It is never
    /// started over by itself.
    pub fn open(path: &Path, identity: Identity, keep: Keep) -> Result<Opened, Failure> {
        let failure = |refused| refusal::refused(path, refused);
        match Journal::open(path).map_err(failure)? {
            Some((journal, bytes)) => Self::load(path, journal, &bytes, identity, keep),
            None => {
                let secret = secret().map_err(|error| failure(error.into()))?;
                let memory = Memory::new(identity, secret, keep);
                let base = memory.base();
                let journal = Journal::create(path, &base).map_err(failure)?;
                Ok(Opened {
                    resume: Self::with(path, memory, journal, base.len() as u64),
                    new: true,
                    notes: Vec::new(),
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
    ) -> Result<Opened, Failure> {
        let contents = reading::read(bytes).map_err(|damage| refusal::damaged(path, &damage))?;
        refusal::check_identity(path, &contents.head.identity, &identity)?;
        let torn = contents.end < bytes.len() as u64;
        let notes = notes(path, &contents.head.identity, &identity, torn);
        let memory = Memory::load(&contents, identity, keep)
            .map_err(|damage| refusal::damaged(path, &damage))?;
        if torn {
            let cut = journal.cut(contents.end);
            cut.map_err(|error| refusal::refused(path, error.into()))?;
        }
        // Entries name their target by its place in the file's head, and a secret that is not to be
        // kept any more is not to be kept there either.
        let rewrite =
            contents.head.identity != *memory.identity() || (!keep.values && contents.has_values());
        let mut resume = Self::with(path, memory, journal, contents.base);
        resume.incomplete = contents.lacks(keep);
        if rewrite {
            let replaced = resume.compact();
            replaced.map_err(|refused| refusal::refused(path, refused))?;
        }
        Ok(Opened {
            resume,
            new: false,
            notes,
        })
    }

    fn with(path: &Path, memory: Memory, journal: Journal, base: u64) -> Self {
        Resume {
            path: path.to_owned(),
            memory,
            journal,
            compact_at: base + base.max(ROOM),
            unsaved: Vec::new(),
            outdated: false,
            incomplete: false,
            failing: None,
        }
    }

    /// What a restart compares Consul with: what was last handled of this target, with what it cannot
    /// do without of what was shown and not handled. Values that were not kept are unknown.
    pub fn at_start(&self, target: TargetId) -> Snapshot {
        self.memory.at_start(target)
    }

    /// Whether this Consul looks like another than the one that was watched: something was handled,
    /// nothing is there, and the index went back. Once `held` for that it looks so until every
    /// handled key is there: while an import fills it, what is not there yet was not deleted.
    pub fn looks_reset(&self, target: TargetId, seen: &Snapshot, held: bool) -> bool {
        let handled = self.memory.handled(target);
        if held {
            return !vanished(handled, seen).is_empty();
        }
        seen.is_empty() && !handled.is_empty() && seen.index() < handled.index()
    }

    /// See [`Memory::recall`].
    pub fn recall(
        &mut self,
        target: TargetId,
        last: &Snapshot,
        seen: &Snapshot,
    ) -> Option<Snapshot> {
        let recalled = self.memory.recall(target, last, seen)?;
        self.outdated |= self.incomplete;
        Some(recalled)
    }

    /// Takes note that a handler is about to be shown a batch. Where kvw is killed before it was
    /// handled, its keys come again, also those that are by then what they were before.
    pub fn begin(&mut self, batch: &Batch, now: Instant, random: f64) -> Saved {
        if self.memory.has_begun(batch) {
            return self.retry(now, random);
        }
        self.memory.begin(batch);
        self.add(Unsaved::Run(batch.clone()), now, random)
    }

    /// Keeps a batch as handled: one record, whatever the number of keys.
    pub fn save(&mut self, batch: &Batch, now: Instant, random: f64) -> Saved {
        self.memory.apply(batch);
        self.add(Unsaved::Handled(batch.clone()), now, random)
    }

    fn add(&mut self, unsaved: Unsaved, now: Instant, random: f64) -> Saved {
        self.unsaved.push(unsaved);
        if self.unsaved.len() > MANY {
            self.unsaved.clear();
            self.outdated = true;
        }
        self.flush(now, random)
    }

    /// Keeps everything that is there as handled: a watch that skips its start.
    pub fn adopt(&mut self, target: TargetId, seen: &Snapshot, now: Instant, random: f64) -> Saved {
        self.memory.adopt(target, seen);
        self.outdated = true;
        self.flush(now, random)
    }

    /// When saving is to be tried again with [`Resume::retry`].
    pub fn deadline(&self) -> Option<Instant> {
        self.failing.as_ref().map(|failing| failing.retry)
    }

    /// Tries again what could not be saved, if it is time.
    pub fn retry(&mut self, now: Instant, random: f64) -> Saved {
        match &self.failing {
            Some(failing) if failing.retry <= now => self.flush(now, random),
            Some(_) => Saved::NotYet,
            None => Saved::Yes,
        }
    }

    /// The last attempt.
    ///
    /// # Errors
    /// When something that was handled is not saved: it will come again.
    pub fn close(mut self) -> Result<(), Failure> {
        self.write().map_err(|refused| {
            refusal::refused(&self.path, refused)
                .hint("what was not saved is handled again after a restart")
        })
    }

    fn flush(&mut self, now: Instant, random: f64) -> Saved {
        let refused = match (self.write(), &mut self.failing) {
            (Ok(()), None) => return Saved::Yes,
            (Ok(()), failing) => {
                *failing = None;
                return Saved::Again;
            }
            // Each batch is a try too, but not one that makes the next one wait longer.
            (Err(_), Some(failing)) => {
                if failing.retry <= now {
                    failing.retry = now + failing.backoff.next(random);
                }
                return Saved::NotYet;
            }
            (Err(refused), None) => refused,
        };
        let mut backoff = Backoff::new(RETRY.0, RETRY.1);
        let retry = now + backoff.next(random);
        self.failing = Some(Failing { backoff, retry });
        Saved::Failed(refusal::refused(&self.path, refused))
    }

    fn write(&mut self) -> Result<(), Refused> {
        if self.outdated || !self.journal.is_intact()? {
            return self.compact();
        }
        if self.unsaved.is_empty() {
            return Ok(());
        }
        let mut writer = Writer::at(*self.memory.key(), self.journal.end());
        for unsaved in &self.unsaved {
            writer.add(&match unsaved {
                Unsaved::Run(batch) => self.memory.run_record(batch),
                Unsaved::Handled(batch) => self.memory.record(batch),
            });
        }
        self.journal.append(&writer.into_bytes())?;
        self.unsaved.clear();
        if self.journal.end() > self.compact_at && self.compact().is_err() {
            // Everything is saved all the same: not worth a word, and worth a try only much later.
            self.compact_at = self.journal.end() * 2;
        }
        Ok(())
    }

    fn compact(&mut self) -> Result<(), Refused> {
        let base = self.memory.base();
        self.journal.replace(&base)?;
        let base = base.len() as u64;
        self.compact_at = base + base.max(ROOM);
        self.unsaved.clear();
        self.outdated = false;
        self.incomplete = false;
        Ok(())
    }
}

impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the memory: it may hold values.
        f.debug_struct("Resume")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What the user should know of a file that is taken.
fn notes(path: &Path, file: &Identity, own: &Identity, torn: bool) -> Vec<String> {
    let path = path.display();
    let (was, is) = (&file.address, &own.address);
    let moved = || format!("the state file {path} was written for Consul at {was}, now at {is}");
    let cut = || format!("the last record of {path} was cut short; its batch comes again");
    let moved = (was != is).then(moved);
    moved.into_iter().chain(torn.then(cut)).collect()
}

/// A fresh secret from the system.
fn secret() -> io::Result<Secret> {
    let mut secret = Secret::default();
    File::open("/dev/urandom")?.read_exact(&mut secret)?;
    Ok(secret)
}

#[cfg(test)]
mod tests;
