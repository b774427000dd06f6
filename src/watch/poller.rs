//! One thread per target: asks the cursor what to query, fetches the target, proves deletes, and
//! sends events to the engine. Owns nothing that must be saved, so that an exit does not wait for it.

use std::io;
use std::sync::mpsc::{SendError, SyncSender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::consistent_reader::{ConsistentReader, TargetProber};
use super::cursor::{Cursor, IndexVerdict};
use super::poll_event::{Advice, Message, OutageCause, OutageKind, PollEvent, TargetAnswer};
use super::proof::{Proof, prove};
use super::wait_time::{NOT_HELD, SharedWait, WaitTime};
use super::withheld::WithheldReason;
use crate::backoff::Backoff;
use crate::consul::{Cause, Client, Config, Consistency, Error, ErrorClass};
use crate::fetch::{Fetch, Fetched, FullFetch, WALK_CONNECTIONS, WalkLimits, fetcher_for};
use crate::model::{Continuity, Index, Snapshot, Target, TargetScope, folder_of_glob};
use crate::process::thread_error;
use crate::rate_limiter::RateLimiter;

/// The stack of a thread, of which there may be many.
const STACK: usize = 256 * 1024;

/// Queries that may follow one another without delay, so that a single change is seen at once.
const QUERY_BURST: u32 = 2;

/// The time between queries after a burst, so that constant writes do not become a storm of queries.
const QUERY_PERIOD: Duration = Duration::from_millis(100);

/// The longest wait while keys are hidden: a query that is held keeps the rights that it was asked
/// with, so that a right that is restored shows only in the next one.
const HIDDEN_WAIT: Duration = Duration::from_secs(9);

/// The back-off after the first failure in a row.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// The longest back-off.
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// The parts of a poller.
pub struct PollerConfig {
    /// The target to watch.
    pub target: Target,
    /// Fetches the target.
    pub fetch: Box<dyn Fetch>,
    /// Fetches the target from a leader that confirms that it leads.
    pub consistent_fetch: Box<dyn Fetch>,
    /// Answers what a fetch leaves open.
    pub prober: Box<dyn TargetProber>,
    /// The time for which Consul may hold an answer. In some cases a recursive delete above the target
    /// wakes no query, and is found when this time is over.
    pub wait: SharedWait,
    /// The entries that were handled before this start; empty without a state file.
    pub known: Snapshot,
}

impl PollerConfig {
    /// The configuration for a target of which no entry is known.
    pub fn new(client: &Client, target: Target, wait: SharedWait) -> Self {
        PollerConfig {
            fetch: fetcher_for(client, &target.scope, WalkLimits::default()),
            consistent_fetch: Box::new(FullFetch::new(
                client.with_consistency(Consistency::Consistent),
                target.scope.clone(),
            )),
            prober: Box::new(ConsistentReader::new(client)),
            wait,
            known: Snapshot::default(),
            target,
        }
    }

    /// Returns the configuration of the client of pollers of so many targets. Each holds a connection, its proofs may
    /// need one more, and walks need some. The pollers retry failed queries and report them.
    pub fn client_config(config: Config, targets: usize) -> Config {
        Config {
            connections: targets + 2 + WALK_CONNECTIONS,
            retry_for: Duration::ZERO,
            ..config
        }
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// When the system cannot create a thread.
    pub fn start(self, messages: SyncSender<Message>) -> io::Result<()> {
        let work = format!("that watches {}", self.target.scope);
        thread::Builder::new()
            .name(format!("poll {}", self.target.id.0))
            .stack_size(STACK)
            .spawn(move || {
                // It ends when the engine has ended.
                let _ = Poller::new(self, messages).run();
            })
            .map(drop)
            .map_err(|error| thread_error(work, &error))
    }
}

/// The engine has ended.
struct Disconnected;

impl<T> From<SendError<T>> for Disconnected {
    fn from(_: SendError<T>) -> Self {
        Disconnected
    }
}

/// The reason why a poll has no answer.
enum PollError {
    /// The answer was stale: the target is fetched again at once.
    Stale,
    /// The index went back from the first to the second: the target is fetched again at once.
    WentBack(Index, Index),
    /// The target cannot be read.
    Outage(OutageCause),
}

impl From<Error> for PollError {
    fn from(error: Error) -> Self {
        PollError::Outage(OutageCause::Consul(error))
    }
}

/// A running poller.
struct Poller {
    config: PollerConfig,
    messages: SyncSender<Message>,
    cursor: Cursor,
    /// The entries that Consul showed last: the fetcher's working copy.
    seen: Snapshot,
    /// `seen` and the entries that vanished from it unproven: the next answer is compared with it.
    baseline: Snapshot,
    /// Whether an index went back since the last answer that was sent.
    continuity: Continuity,
    /// The highest index so far.
    peak: Index,
    /// The table's index, read when the target was found empty.
    table: Option<Index>,
    /// The time of the last usable answer; at first that of the start.
    last_answer: Instant,
    /// Whether an answer was sent yet.
    synced: bool,
    /// Whether the token may not read some of the entries any more.
    hides: bool,
    /// Whether non-UTF-8 keys were reported yet.
    non_utf8_reported: bool,
    /// Whether filtered listings were reported yet.
    filtered_reported: bool,
    /// The place of the address that answered last.
    place: usize,
}

impl Poller {
    fn new(config: PollerConfig, messages: SyncSender<Message>) -> Self {
        let known = config.known.clone();
        Poller {
            cursor: Cursor::new((known.index() > Index(0)).then_some(known.index())),
            // Not the known entries, whose values may be unknown.
            seen: Snapshot::default(),
            peak: known.index(),
            table: None,
            baseline: known,
            continuity: Continuity::Kept,
            last_answer: Instant::now(),
            synced: false,
            hides: false,
            non_utf8_reported: false,
            filtered_reported: false,
            place: 0,
            config,
            messages,
        }
    }

    fn run(mut self) -> Result<(), Disconnected> {
        let mut rate_limiter = RateLimiter::new(QUERY_PERIOD, QUERY_BURST, Instant::now());
        let mut backoff = Backoff::new(FIRST_BACKOFF, LONGEST_BACKOFF);
        let mut outage: Option<OutageKind> = None;
        loop {
            thread::sleep(rate_limiter.take(1, Instant::now()));
            match self.poll() {
                Ok(answered) => {
                    backoff.reset();
                    outage = None;
                    self.last_answer = Instant::now();
                    self.send(PollEvent::Answered(Box::new(answered)))?;
                    self.synced = true;
                }
                Err(PollError::Stale) => {}
                Err(PollError::WentBack(since, index)) => {
                    self.send(PollEvent::WentBack(since, index))?;
                }
                Err(PollError::Outage(OutageCause::Consul(error))) if self.is_final(&error) => {
                    return self.send(PollEvent::Ended(error));
                }
                Err(PollError::Outage(cause)) => {
                    self.cursor.failed();
                    log::info!("{}: {cause}", self.config.target.scope);
                    if outage != Some(cause.kind()) {
                        outage = Some(cause.kind());
                        let since = self.outage_start(&cause);
                        self.send(PollEvent::Outage(cause, since))?;
                    }
                    thread::sleep(backoff.next(fastrand::f64()));
                }
            }
        }
    }

    /// Runs one query, and the reads that it makes necessary.
    fn poll(&mut self) -> Result<TargetAnswer, PollError> {
        let since = self.cursor.since();
        let answer = match self.cursor.starts_over() {
            true => {
                let fetch = &mut self.config.consistent_fetch;
                fetch.fetch(&mut self.seen, None, NOT_HELD)?
            }
            false => self.fetch(since)?,
        };
        // A read without an index is an error of the client.
        let index = answer.meta.index.unwrap_or_default();
        match self.cursor.answered(index) {
            IndexVerdict::StartOver => {
                return Err(PollError::WentBack(
                    self.cursor.taken().unwrap_or_default(),
                    index,
                ));
            }
            IndexVerdict::Take(Continuity::Broken) => self.continuity = Continuity::Broken,
            IndexVerdict::Take(Continuity::Kept) => {}
        }
        let mut shown = self.check_empty(self.seen.clone())?;
        let Proof {
            deleted, unproven, ..
        } = self.prove(&mut shown)?;
        let mut reasons = unproven.iter().map(|(_, reason)| *reason);
        self.hides = reasons.any(|reason| reason == WithheldReason::Hidden);
        self.place = answer.meta.place;
        self.peak = self.peak.max(shown.index());
        let mut baseline = shown.clone();
        let unproven_entries = unproven
            .iter()
            .filter_map(|(key, _)| self.baseline.get(key));
        baseline.apply(unproven_entries.map(|entry| (entry.key(), Some(entry))));
        self.baseline = baseline;
        self.advise(&answer);
        Ok(TargetAnswer {
            since,
            snapshot: shown,
            continuity: std::mem::replace(&mut self.continuity, Continuity::Kept),
            unproven,
            proven: deleted,
            meta: answer.meta,
            at: SystemTime::now(),
        })
    }

    /// Fetches the target. A query that was held for some seconds and then failed was cut on the way,
    /// by a load balancer's idle time-out for example, if the same query is answered at once when it
    /// is not held: that is no outage, and queries are held for less time from now on.
    fn fetch(&mut self, since: Option<Index>) -> Result<Fetched, Error> {
        let PollerConfig {
            target,
            fetch,
            wait,
            ..
        } = &mut self.config;
        let asked = Instant::now();
        let longest = if self.hides {
            HIDDEN_WAIT
        } else {
            Duration::MAX
        };
        let error = match fetch.fetch(&mut self.seen, since, wait.wait(asked).min(longest)) {
            Err(error) if since.is_some() && error.may_be_cut() => error,
            result => return result,
        };
        let held = asked.elapsed();
        if !WaitTime::may_be_cut(held) {
            return Err(error);
        }
        log::info!("{}: cut after {held:?}? {error}", target.scope);
        let answer = fetch.fetch(&mut self.seen, since, NOT_HELD)?;
        // Where another address answers, it was the server that ended.
        if answer.meta.place != self.place {
            return Ok(answer);
        }
        if let Some(shortened) = wait.shorten(held, Instant::now()) {
            // An engine that has ended is noticed when the answer is sent.
            let _ = self.send(PollEvent::Advice(Advice::ShortenedWait(shortened)));
        }
        Ok(answer)
    }

    /// Returns when an outage began: where nothing was answered in time, with the last answer. A query
    /// that failed otherwise was held until then with nothing wrong.
    fn outage_start(&self, cause: &OutageCause) -> Instant {
        match cause {
            OutageCause::Consul(error) if error.cause() == Cause::TimedOut => self.last_answer,
            OutageCause::Consul(_) | OutageCause::NoRights | OutageCause::Reset => Instant::now(),
        }
    }

    /// Proves which of the keys that are no longer listed are deleted, and inserts those that exist
    /// again into `shown`.
    fn prove(&mut self, shown: &mut Snapshot) -> Result<Proof, Error> {
        let vanished = self.baseline.vanished(shown);
        if vanished.is_empty() {
            return Ok(Proof::default());
        }
        let keys: Vec<&str> = vanished.iter().map(|entry| entry.key()).collect();
        let mut proof = prove(self.config.prober.as_mut(), &keys, shown.index())?;
        for entry in proof.returned.drain(..) {
            shown.insert(entry);
        }
        Ok(proof)
    }

    /// Checks a fetch without entries. The first one may be hidden by ACLs. And an index that went
    /// back may be that of another Consul, or only that of an older tombstone below a prefix whose
    /// keys were deleted from above: the table's own index, which never goes back in one history,
    /// tells which.
    fn check_empty(&mut self, shown: Snapshot) -> Result<Snapshot, PollError> {
        let TargetScope::Prefix(prefix) = &self.config.target.scope else {
            return Ok(shown);
        };
        if !shown.is_empty() {
            self.table = None;
        } else if self.table.is_none() && (!self.synced || shown.index() < self.peak) {
            match self.config.prober.check_empty(prefix) {
                Ok(Some(table)) => self.table = Some(table),
                Ok(None) => {
                    self.cursor.failed();
                    return Err(PollError::Stale);
                }
                Err(error) if error.cause() != Cause::Denied => return Err(error.into()),
                // The known entries are proven one by one.
                Err(_) if !self.baseline.is_empty() => {}
                Err(_) => return Err(PollError::Outage(OutageCause::NoRights)),
            }
        }
        let index = self.table.unwrap_or_default().max(shown.index());
        Ok(shown.at(index))
    }

    /// Sends each advice once. An engine that has ended is noticed when the answer is sent.
    fn advise(&mut self, answer: &Fetched) {
        if answer.non_utf8 && !self.non_utf8_reported {
            self.non_utf8_reported = true;
            let _ = self.send(PollEvent::Advice(Advice::NonUtf8));
        }
        if answer.meta.filtered && !self.filtered_reported {
            self.filtered_reported = true;
            let _ = self.send(PollEvent::Advice(Advice::Filtered));
        }
        if self.synced || !self.seen.is_empty() {
            return;
        }
        let target = &self.config.target;
        let advice = match &target.scope {
            _ if folder_of_glob(target.name()).is_some() => Advice::Glob,
            TargetScope::Key(key) if !key.is_folder() && self.config.prober.is_folder(key) => {
                Advice::Folder(key.clone())
            }
            TargetScope::Key(_) | TargetScope::Prefix(_) => return,
        };
        let _ = self.send(PollEvent::Advice(advice));
    }

    /// Whether an error ends the watch: it is not transient, and the target was never read, so that
    /// the command line is wrong. After a first answer anything may be repaired.
    fn is_final(&self, error: &Error) -> bool {
        let lasting = !error.is_transient() || error.cause() == Cause::UnknownDatacenter;
        !self.synced && lasting && error.class() != ErrorClass::Denied
    }

    fn send(&self, poll: PollEvent) -> Result<(), Disconnected> {
        self.messages
            .send(Message::Polled(self.config.target.id, poll))
            .map_err(Disconnected::from)
    }
}

#[cfg(test)]
mod tests;
