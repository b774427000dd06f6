//! `--status-file`: the status of the watch as JSON.

mod lag;

use std::fmt::Display;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use self::lag::{Lag, Lags};
use crate::atomic_file::{AtomicFile, Links, open_replaceable};
use crate::exit::{Exit, Failure};
use crate::handlers::{HandlerEvent, RunOutcome, RunReport};
use crate::model::{Change, TargetId};
use crate::output::json;
use crate::process::ChildStatus;
use crate::term::Ui;
use crate::watch::{
    AnswerSummary, Event, Flow, Observer, OutageCause, OutageKind, RouteId, WaitingChanges,
    WithheldReason,
};

/// The mode of the file, less the umask. It contains keys and no values, and monitoring reads it.
const MODE: u32 = 0o644;

/// The shortest time between two writes, so that constant changes do not wear out a disk.
const PERIOD: Duration = Duration::from_millis(100);

/// The number of withheld keys that are listed.
const LISTED: usize = 100;

/// An observer that keeps the status file up to date.
pub struct StatusFile<'a> {
    ui: &'a Ui,
    path: PathBuf,
    status: WatchStatus,
    lags: Vec<Lags>,
    /// The addresses that may answer.
    addresses: Vec<String>,
    changed: bool,
    /// The time of the last write.
    written: Instant,
    /// Whether the last write failed.
    failing: bool,
}

/// The content of the file, a published format: fields are only added.
#[derive(Debug, Serialize)]
struct WatchStatus {
    version: &'static str,
    pid: u32,
    /// `starting` until every target was read, then `watching`, `leaving`, `ended`.
    state: &'static str,
    started: String,
    updated: String,
    targets: Vec<TargetStatus>,
    last_change: Option<LastChange>,
    handlers: Vec<HandlerStatus>,
    /// Whether the state file is up to date; null if writing it never failed.
    saved: Option<bool>,
}

#[derive(Debug, Serialize)]
struct TargetStatus {
    target: String,
    /// The address that answered last; null before the first answer.
    address: Option<String>,
    /// The time since which every query was answered; null in an outage.
    connected_since: Option<String>,
    last_contact: Option<String>,
    index: Option<u64>,
    keys: Option<usize>,
    outage: Option<Outage>,
    withheld: WithheldKeys,
}

#[derive(Debug, Serialize)]
struct Outage {
    kind: &'static str,
    since: String,
    error: String,
}

/// Keys that are no longer listed, and not reported as deleted.
#[derive(Debug, Default, Serialize)]
struct WithheldKeys {
    hidden: usize,
    unproven: usize,
    held_back: usize,
    /// The first keys.
    keys: Vec<String>,
}

#[derive(Debug, Serialize)]
struct LastChange {
    time: String,
    target: String,
    event: &'static str,
    key: String,
}

#[derive(Debug, Default, Serialize)]
struct HandlerStatus {
    /// The glob of the route; null for the handler of all other keys.
    route: Option<String>,
    running: bool,
    /// The number of changes that wait for a run.
    waiting: usize,
    runs: u64,
    failures: u64,
    last: Option<LastRun>,
    /// The time from the answer with a change to the start of its run.
    lag_ms: Option<Lag>,
}

#[derive(Debug, Serialize)]
struct LastRun {
    ended: String,
    reason: &'static str,
    changes: usize,
    success: bool,
    exit: Option<i32>,
    signal: Option<i32>,
    error: Option<String>,
    duration_ms: u128,
}

/// What tells a status from other JSON.
#[derive(Debug, Deserialize)]
struct StatusShape {
    #[serde(rename = "version")]
    _version: String,
    #[serde(rename = "pid")]
    _pid: u32,
    #[serde(rename = "state")]
    _state: String,
    #[serde(rename = "targets")]
    _targets: Vec<IgnoredAny>,
    #[serde(rename = "handlers")]
    _handlers: Vec<IgnoredAny>,
}

impl<'a> StatusFile<'a> {
    /// Checks that the file can be replaced and holds nothing or a status. Changes nothing.
    ///
    /// # Errors
    /// With the exit code: 3 if the disk is in trouble, else 2.
    pub fn check(path: &Path) -> Result<(), Failure> {
        check(path).map_err(|error| {
            let failure = describe_error(&error);
            match error.kind() {
                io::ErrorKind::InvalidData => failure.hint("give --status-file a file of its own"),
                _ => failure,
            }
        })
    }

    /// Writes the initial status.
    ///
    /// # Errors
    /// If the file cannot be written; with the exit code, as [`StatusFile::check`].
    pub fn open(
        ui: &'a Ui,
        path: &Path,
        addresses: Vec<String>,
        targets: Vec<String>,
        routes: Vec<Option<String>>,
        now: Instant,
    ) -> Result<Self, Failure> {
        let time = json::format_time(SystemTime::now());
        let lags = routes.iter().map(|_| Lags::default()).collect();
        let handlers = routes.into_iter().map(|route| HandlerStatus {
            route,
            ..HandlerStatus::default()
        });
        let status = WatchStatus {
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
            state: "starting",
            started: time.clone(),
            updated: time,
            targets: targets.into_iter().map(TargetStatus::unread).collect(),
            last_change: None,
            handlers: handlers.collect(),
            saved: None,
        };
        let mut file = StatusFile {
            ui,
            path: path.to_owned(),
            status,
            lags,
            addresses,
            changed: false,
            written: now,
            failing: false,
        };
        file.write().map_err(|error| describe_error(&error))?;
        Ok(file)
    }

    fn update(&mut self, event: &Event<'_>, now: SystemTime) {
        match event {
            Event::Answered(summary) => self.update_target(summary),
            Event::Unseen(id, cause) => self.target(*id).update_outage(cause, now),
            Event::Changed(changes) => self.update_last_change(changes),
            Event::Waiting(WaitingChanges {
                route: RouteId(route),
                changes,
                ..
            }) => {
                self.status.handlers[*route].waiting = *changes;
            }
            Event::Handler(RouteId(route), event) => self.update_handler(*route, event, now),
            Event::Saved(failure) => self.status.saved = Some(failure.is_none()),
            Event::Leaving => self.status.state = "leaving",
            Event::Left => self.status.state = "ended",
            Event::Present(..)
            | Event::Synced(_)
            | Event::WentBack(..)
            | Event::Outage(..)
            | Event::Recovered(..)
            | Event::Withheld(..)
            | Event::UnmatchedGlob(_)
            | Event::Advice(..) => return,
        }
        self.changed = true;
    }

    fn update_target(&mut self, summary: &AnswerSummary) {
        let address = self.addresses.get(summary.place).cloned();
        let target = self.target(summary.target);
        target.update(summary);
        target.address = address;
        let all_read = self
            .status
            .targets
            .iter()
            .all(|target| target.index.is_some());
        if all_read && self.status.state == "starting" {
            self.status.state = "watching";
        }
    }

    fn update_last_change(&mut self, changes: &[Change]) {
        if let Some(last) = changes.last() {
            let target = &self.status.targets[usize::from(last.target.0)];
            self.status.last_change = Some(LastChange {
                time: json::format_time(last.seen),
                target: target.target.clone(),
                event: json::event_name(last.kind()),
                key: last.key().to_owned(),
            });
        }
    }

    fn update_handler(&mut self, route: usize, event: &HandlerEvent, now: SystemTime) {
        let handler = &mut self.status.handlers[route];
        match event {
            HandlerEvent::Started(batch) => {
                handler.running = true;
                handler.waiting = 0;
                let first = batch.changes.iter().map(|change| change.seen).min();
                if let Some(lag) = first.and_then(|seen| now.duration_since(seen).ok()) {
                    self.lags[route].add(lag);
                    handler.lag_ms = self.lags[route].statistics();
                }
            }
            HandlerEvent::Ended(report) if report.outcome != RunOutcome::Signalled => {
                handler.running = false;
                handler.runs += 1;
                let last = LastRun::new(report, now);
                handler.failures += u64::from(!last.success);
                handler.last = Some(last);
            }
            HandlerEvent::Ended(_)
            | HandlerEvent::Stopping(_)
            | HandlerEvent::Handled(_)
            | HandlerEvent::Dropped(_)
            | HandlerEvent::Paused(_)
            | HandlerEvent::Feedback(_)
            | HandlerEvent::Leave(_) => {}
        }
    }

    fn target(&mut self, id: TargetId) -> &mut TargetStatus {
        &mut self.status.targets[usize::from(id.0)]
    }

    /// Replaces the file, and warns when that begins to fail.
    fn refresh(&mut self, now: Instant) {
        self.changed = false;
        self.written = now;
        let failed = self.write().err();
        if let (Some(error), false) = (&failed, self.failing) {
            self.ui.warn(format_args!("status file: {error}; retrying"));
        }
        self.failing = failed.is_some();
    }

    fn write(&mut self) -> io::Result<()> {
        self.status.updated = json::format_time(SystemTime::now());
        check(&self.path)?;
        let mut file = AtomicFile::create(&self.path, MODE, Links::Follow)?;
        json::write_line(&mut file, &self.status)?;
        // After a power cut there is no watch whose status it would be.
        file.persist_unsynced()
    }
}

fn describe_error(error: &io::Error) -> Failure {
    Failure::new(Exit::of_file(error), format!("status file: {error}"))
}

/// Checks that nothing else than a status is replaced.
fn check(path: &Path) -> io::Result<()> {
    let Some(file) = open_replaceable(path)? else {
        return Ok(());
    };
    let mut file = BufReader::new(file);
    let refusal = |kind, reason: &dyn Display| {
        io::Error::new(kind, format!("replacing {}: {reason}", path.display()))
    };
    let unreadable = |error: io::Error| refusal(error.kind(), &error);
    if file.fill_buf().map_err(unreadable)?.is_empty() {
        return Ok(());
    }
    match serde_json::from_reader::<_, StatusShape>(file) {
        Ok(_) => Ok(()),
        Err(error) if error.is_io() => Err(unreadable(error.into())),
        Err(_) => {
            let reason = "it holds something else than a status of kvw";
            Err(refusal(io::ErrorKind::InvalidData, &reason))
        }
    }
}

impl TargetStatus {
    fn unread(target: String) -> Self {
        TargetStatus {
            target,
            address: None,
            connected_since: None,
            last_contact: None,
            index: None,
            keys: None,
            outage: None,
            withheld: WithheldKeys::default(),
        }
    }

    fn update(&mut self, summary: &AnswerSummary) {
        let at = json::format_time(summary.at);
        self.connected_since.get_or_insert_with(|| at.clone());
        self.last_contact = Some(at);
        self.index = Some(summary.index.0);
        self.keys = Some(summary.keys);
        self.outage = None;
        let count = |reason| {
            let withheld = summary.withheld.iter();
            withheld.filter(|(_, other)| *other == reason).count()
        };
        let names = summary.withheld.iter().take(LISTED);
        self.withheld = WithheldKeys {
            hidden: count(WithheldReason::Hidden),
            unproven: count(WithheldReason::Unproven),
            held_back: count(WithheldReason::HeldBack),
            keys: names.map(|(key, _)| key.clone()).collect(),
        };
    }

    fn update_outage(&mut self, cause: &OutageCause, now: SystemTime) {
        let kind = match cause.kind() {
            OutageKind::Consul | OutageKind::Tls => "consul",
            OutageKind::Rights => "rights",
            OutageKind::Reset => "reset",
        };
        self.connected_since = None;
        if self
            .outage
            .as_ref()
            .is_none_or(|outage| outage.kind != kind)
        {
            self.outage = Some(Outage {
                kind,
                since: json::format_time(now),
                error: cause.to_string(),
            });
        }
    }
}

impl LastRun {
    fn new(report: &RunReport, now: SystemTime) -> Self {
        LastRun {
            ended: json::format_time(now),
            reason: json::reason_name(report.batch.reason),
            changes: report.batch.changes.len(),
            success: report.outcome == RunOutcome::Succeeded,
            exit: report.status.and_then(ChildStatus::exit_code),
            signal: report.status.and_then(ChildStatus::signal),
            error: report.error.as_ref().map(ToString::to_string),
            duration_ms: report.took.as_millis(),
        }
    }
}

impl Observer for StatusFile<'_> {
    fn event(&mut self, event: &Event<'_>, now: Instant) -> anyhow::Result<Flow> {
        self.update(event, SystemTime::now());
        if matches!(event, Event::Left) {
            self.refresh(now);
        }
        Ok(Flow::Continue)
    }

    fn tick(&mut self, now: Instant) -> anyhow::Result<Flow> {
        self.refresh(now);
        Ok(Flow::Continue)
    }

    fn deadline(&self) -> Option<Instant> {
        // A failed write is retried with the next event.
        self.changed.then(|| self.written + PERIOD)
    }
}
