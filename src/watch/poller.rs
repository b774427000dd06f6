//! One thread a target: asks the cursor what to query, looks, proves what vanished, and tells the
//! engine. Owns nothing that must be saved, so that leaving does not wait for it.

use std::io;
use std::sync::mpsc::{SendError, SyncSender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::consistent_reader::TargetProber;
use super::cursor::{Cursor, IndexVerdict};
use super::poll_event::{Advice, Message, OutageCause, OutageKind, PollEvent, TargetAnswer};
use super::proof::{Emptiness, Fate, emptiness, prove};
use super::withheld::WithheldReason;
use crate::backoff::Backoff;
use crate::consul::{Cause, Error, ErrorClass};
use crate::fetch::{Fetch, Fetched};
use crate::model::{Continuity, Index, Snapshot};
use crate::model::{Target, What};
use crate::rate_limiter::RateLimiter;

/// Each target has a thread, and none needs more.
const STACK: usize = 256 * 1024;

/// Queries that may follow one another at once, so that a single change is seen at once.
const QUERY_BURST: u32 = 2;

/// Between two queries after a burst: constant writes become slow polling instead of a storm.
const QUERY_PERIOD: Duration = Duration::from_millis(100);

/// After the first failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// After many.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What a poller is given.
pub struct PollerConfig {
    /// What it looks at.
    pub target: Target,
    /// How.
    pub look: Box<dyn Fetch>,
    /// Who settles what a look leaves open.
    pub probe: Box<dyn TargetProber>,
    /// How long Consul may hold an answer. A recursive delete above the target wakes nobody in
    /// some cases, and is found when this is over.
    pub wait: Duration,
    /// What was handled before this start; empty where nothing is remembered.
    pub known: Snapshot,
}

impl PollerConfig {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(self, wakes: SyncSender<Message>) -> io::Result<()> {
        thread::Builder::new()
            .name(format!("poll {}", self.target.id.0))
            .stack_size(STACK)
            .spawn(move || {
                // The engine has gone: so does the poller.
                let _ = Poller::of(self, wakes).run();
            })
            .map(drop)
    }
}

/// The engine has ended.
struct Disconnected;

impl<T> From<SendError<T>> for Disconnected {
    fn from(_: SendError<T>) -> Self {
        Disconnected
    }
}

/// How one turn ended, but for news.
enum PollError {
    /// The answer is not to be taken: look again at once.
    Again,
    /// Nor is this one, because its index is lower than the one that was sent.
    WentBack(Index, Index),
    /// The target cannot be seen.
    Outage(OutageCause),
}

impl From<Error> for PollError {
    fn from(error: Error) -> Self {
        PollError::Outage(OutageCause::Consul(error))
    }
}

/// A poller at work.
struct Poller {
    poller: PollerConfig,
    wakes: SyncSender<Message>,
    cursor: Cursor,
    /// What Consul showed last: the working copy of the look.
    seen: Snapshot,
    /// `seen` and what vanished from it unproven: what the next answer is compared with.
    believed: Snapshot,
    /// Whether an index went back since the last answer that was told.
    continuity: Continuity,
    /// The highest index that was taken.
    peak: Index,
    /// The table's index, asked for when the target was found empty.
    table: Option<Index>,
    /// Whether an answer was told yet.
    synced: bool,
    said_non_utf8: bool,
    said_filtered: bool,
}

impl Poller {
    fn of(poller: PollerConfig, wakes: SyncSender<Message>) -> Self {
        let known = poller.known.clone();
        Poller {
            cursor: Cursor::new((known.index() > Index(0)).then_some(known.index())),
            // Not what is remembered, whose values may be unknown.
            seen: Snapshot::default(),
            peak: known.index(),
            table: None,
            believed: known,
            continuity: Continuity::Kept,
            synced: false,
            said_non_utf8: false,
            said_filtered: false,
            poller,
            wakes,
        }
    }

    fn run(mut self) -> Result<(), Disconnected> {
        let mut rate_limiter = RateLimiter::new(QUERY_PERIOD, QUERY_BURST, Instant::now());
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut outage: Option<OutageKind> = None;
        loop {
            thread::sleep(rate_limiter.take(1, Instant::now()));
            match self.turn() {
                Ok(answered) => {
                    backoff.reset();
                    outage = None;
                    self.send(PollEvent::Answered(Box::new(answered)))?;
                    self.synced = true;
                }
                Err(PollError::Again) => {}
                Err(PollError::WentBack(since, index)) => {
                    self.send(PollEvent::WentBack(since, index))?;
                }
                Err(PollError::Outage(OutageCause::Consul(error))) if self.is_final(&error) => {
                    return self.send(PollEvent::Ended(error));
                }
                Err(PollError::Outage(trouble)) => {
                    self.cursor.failed();
                    log::info!("{}: {trouble}", self.poller.target.what);
                    if outage != Some(trouble.kind()) {
                        outage = Some(trouble.kind());
                        self.send(PollEvent::Outage(trouble))?;
                    }
                    thread::sleep(backoff.next(fastrand::f64()));
                }
            }
        }
    }

    /// One query, and what it leaves open.
    fn turn(&mut self) -> Result<TargetAnswer, PollError> {
        let since = self.cursor.since();
        let poller = &mut self.poller;
        let answer = poller.look.fetch(&mut self.seen, since, poller.wait)?;
        if answer.at_once {
            self.cursor.read_at_once();
        }
        // The client takes no read without an index for an answer.
        let index = answer.meta.index.unwrap_or_default();
        match self.cursor.answered(index) {
            IndexVerdict::StartOver => {
                return Err(PollError::WentBack(since.unwrap_or_default(), index));
            }
            IndexVerdict::Take(Continuity::Broken) => self.continuity = Continuity::Broken,
            IndexVerdict::Take(Continuity::Kept) => {}
        }
        let mut shown = self.check_empty(self.seen.clone())?;
        let (unproven, proven) = self.prove(&mut shown)?;
        self.peak = self.peak.max(shown.index());
        let mut believed = shown.clone();
        let unproven_entries = unproven
            .iter()
            .filter_map(|(key, _)| self.believed.get(key));
        believed.apply(unproven_entries.map(|entry| (entry.key(), Some(entry))));
        self.believed = believed;
        self.notes(&answer);
        Ok(TargetAnswer {
            since,
            snapshot: shown,
            continuity: std::mem::replace(&mut self.continuity, Continuity::Kept),
            unproven,
            proven,
            meta: answer.meta,
            at: SystemTime::now(),
        })
    }

    /// Settles what became of the keys that are no longer listed; those that are back are put into
    /// `shown`. Gives those that nobody knows to be deleted, and how many are.
    fn prove(
        &mut self,
        shown: &mut Snapshot,
    ) -> Result<(Vec<(String, WithheldReason)>, usize), Error> {
        let gone = self.believed.vanished(shown);
        if gone.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let keys: Vec<&str> = gone.iter().map(|entry| entry.key()).collect();
        let verdicts = prove(self.poller.probe.as_mut(), &keys)?;
        let (mut unproven, mut proven) = (Vec::new(), 0);
        for (key, verdict) in keys.into_iter().zip(verdicts) {
            match verdict {
                Fate::Deleted => proven += 1,
                // Made after the answer that lacked it: it was deleted, and the next answer tells
                // of it. With it, this one would be a state that the store never had.
                Fate::Back(entry) if entry.created() > shown.index() => proven += 1,
                Fate::Back(entry) => shown.insert(entry),
                Fate::Hidden => unproven.push((key.to_owned(), WithheldReason::Hidden)),
                Fate::Unproven => unproven.push((key.to_owned(), WithheldReason::Unproven)),
            }
        }
        Ok((unproven, proven))
    }

    /// What is to be thought of a look that shows nothing. A first one says nothing about rights: a
    /// listing that a token may not see is empty too. And an index that went back may be that of
    /// another Consul, or only that of an older mark below a prefix whose keys were deleted from
    /// above: the table's own index, which never goes back in one history, tells which.
    fn check_empty(&mut self, shown: Snapshot) -> Result<Snapshot, PollError> {
        let What::Prefix(prefix) = &self.poller.target.what else {
            return Ok(shown);
        };
        if !shown.is_empty() {
            self.table = None;
        } else if self.table.is_none() && (!self.synced || shown.index() < self.peak) {
            match emptiness(self.poller.probe.as_mut(), prefix)? {
                Emptiness::Real(table) => self.table = Some(table),
                // What was there is proven one by one.
                Emptiness::NoRights if !self.believed.is_empty() => {}
                Emptiness::NoRights => return Err(PollError::Outage(OutageCause::NoRights)),
                Emptiness::Over => {
                    self.cursor.failed();
                    return Err(PollError::Again);
                }
            }
        }
        let index = self.table.unwrap_or_default().max(shown.index());
        Ok(shown.at(index))
    }

    /// Says what is worth saying once. When the engine is gone the answer will find out.
    fn notes(&mut self, answer: &Fetched) {
        if answer.non_utf8 && !self.said_non_utf8 {
            self.said_non_utf8 = true;
            let _ = self.send(PollEvent::Advice(Advice::NonUtf8));
        }
        if answer.meta.filtered && !self.said_filtered {
            self.said_filtered = true;
            let _ = self.send(PollEvent::Advice(Advice::Filtered));
        }
        if let (What::Key(key), false, true) =
            (&self.poller.target.what, self.synced, self.seen.is_empty())
        {
            if !key.is_folder() && self.poller.probe.is_folder(key) {
                let note = Advice::Folder(key.clone());
                let _ = self.send(PollEvent::Advice(note));
            }
        }
    }

    /// Whether an error will not pass, and the watch has never seen its target: then it is the
    /// command line that is wrong. Once it was right, whatever fails may be mended.
    fn is_final(&self, error: &Error) -> bool {
        let lasting = !error.is_transient() || error.cause() == Cause::UnknownDatacenter;
        !self.synced && lasting && error.outcome() != ErrorClass::Denied
    }

    fn send(&self, poll: PollEvent) -> Result<(), Disconnected> {
        self.wakes
            .send(Message::Polled(self.poller.target.id, poll))
            .map_err(Disconnected::from)
    }
}

#[cfg(test)]
mod tests;
